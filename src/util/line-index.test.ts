// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineIndex } from './line-index.ts'

describe('lineIndex', () => {
  it('counts what splitting the text counts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', 'ä', '🐝')), fc.nat(), (parts, seed) => {
        const text = parts.join('')
        const offset = seed % (text.length + 1)
        const lines = text.slice(0, offset).split('\n')
        expect(lineIndex(text)(offset)).toEqual({ line: lines.length, column: lines.at(-1)!.length + 1 })
      }),
    )
  })
})
