// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseBoolean, parseInteger } from './parse-value.ts'

describe('parseInteger', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['007', 7],
    ['+1884', 1884],
    ['-5', -5],
    ['18 85', 1885],
    ['\t1\r\n8 8 5 ', 1885],
    ['- 5', -5],
    ['4294967296', 4_294_967_296],
    ['9223372036854775807', 2 ** 63],
    ['9'.repeat(400), Number.POSITIVE_INFINITY],
    ['abc', null],
    ['1886.5', null],
    ['0x10', null],
    ['1e3', null],
    ['12x', null],
    ['1-8', null],
    ['--5', null],
    ['+', null],
    ['1_000', null],
    ['1,000', null],
    ['١', null],
    ['', null],
    [' ', null],
  ])('reads %j as %s', (text, expected) => {
    expect(parseInteger(text)).toBe(expected)
  })
})

describe('parseBoolean', () => {
  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
    ['TRUE', null],
    ['True', null],
    ['truely', null],
    ['yes', null],
    ['on', null],
    ['2', null],
    ['', null],
  ])('reads %j as %s', (text, expected) => {
    expect(parseBoolean(text)).toBe(expected)
  })
})
