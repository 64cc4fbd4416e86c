// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { decodeText, MAX_CONFIG_BYTES } from './decode-text.ts'
import { createReporter } from './reporter.ts'

function decode(bytes: Uint8Array): { text: string | null; complaints: unknown[] } {
  const reporter = createReporter('config.xml')
  const text = decodeText(bytes, reporter)
  return { text, complaints: reporter.complaints.map(({ line, column, found }) => ({ line, column, found })) }
}

describe('decodeText', () => {
  it('drops a byte-order mark and makes every line break a newline', () => {
    expect(decode(Buffer.from('\uFEFFa\r\nb\rc\n\r\nä🐝'))).toEqual({ text: 'a\nb\nc\n\nä🐝', complaints: [] })
  })

  it.each([
    ['Latin-1', Buffer.from('a\nb\ngr\u00FCn', 'latin1'), 3, 'bytes that are not UTF-8'],
    ['UTF-16 with its mark', Buffer.from('\uFEFF<hivemq/>', 'utf16le'), 1, 'UTF-16'],
    ['UTF-16 of the other byte order', Buffer.from('\uFEFF<hivemq/>', 'utf16le').swap16(), 1, 'UTF-16'],
    ['a sequence that is cut off', Buffer.from('<a/>\nä').subarray(0, 6), 2, 'bytes that are not UTF-8'],
    ['an encoded surrogate', Buffer.from([0x0a, 0xed, 0xa0, 0x80, 0x0a]), 2, 'bytes that are not UTF-8'],
  ])('refuses %s', (_name, bytes, line, found) => {
    expect(decode(bytes)).toEqual({ text: null, complaints: [{ line, column: 1, found }] })
  })

  it.each([
    ['a NUL', Buffer.from('a\nb\0'), { line: 2, column: 2 }],
    ['UTF-16 without its mark', Buffer.from('<hivemq/>', 'utf16le'), { line: 1, column: 2 }],
  ])('refuses %s', (_name, bytes, place) => {
    expect(decode(bytes)).toEqual({ text: null, complaints: [{ ...place, found: 'a NUL character' }] })
  })

  it('refuses what is longer than the cap', () => {
    expect(decode(Buffer.alloc(MAX_CONFIG_BYTES, ' ')).complaints).toEqual([])
    expect(decode(Buffer.alloc(MAX_CONFIG_BYTES + 1, ' '))).toEqual({
      text: null,
      complaints: [{ line: 0, column: 0, found: 'more than 1048576 bytes' }],
    })
  })
})
