// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { oneLine, shorten } from './one-line.ts'

describe('oneLine', () => {
  it('spells out what breaks lines, steers terminals or turns the direction of writing', () => {
    expect(oneLine('a\r\nb\u001b[2J\u0007\u202e\u2028c')).toBe(
      String.raw`a\u{000d}\u{000a}b\u{001b}[2J\u{0007}\u{202e}\u{2028}c`,
    )
  })

  it('leaves what people write', () => {
    expect(oneLine('Fräser 7 – 温度 🐝')).toBe('Fräser 7 – 温度 🐝')
  })
})

describe('shorten', () => {
  it('says that a text goes on, and cuts no character in two', () => {
    expect(shorten('four', 4)).toBe('four')
    expect(shorten('fives', 4)).toBe('five…')
    expect(shorten('abc🐝', 4)).toBe('abc\uFFFD…')
  })
})
