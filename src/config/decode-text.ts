// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer'
import { DOES_NOT_START, WHOLE_FILE } from './complaint.ts'
import { lineIndex } from '../util/line-index.ts'
import type { Reporter } from './reporter.ts'

/** HiveMQ's own files have 1 to 10 kB. The cap bounds what a wrong path or a runaway template costs at start. */
export const MAX_CONFIG_BYTES: number = 1024 * 1024

const NEWLINE = 0x0a
/** Some editors of Windows save like this. */
const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])]

/**
 * The file's text with line breaks as `\n`, or null after a complaint. It is UTF-8 whatever the XML declaration says, as in
 * HiveMQ; a byte-order mark is dropped.
 */
export function decodeText(bytes: Uint8Array, reporter: Reporter): string | null {
  if (bytes.length > MAX_CONFIG_BYTES) {
    reporter.complain({
      severity: 'error',
      ...WHOLE_FILE,
      path: '',
      found: `more than ${MAX_CONFIG_BYTES} bytes`,
      expected: `at most ${MAX_CONFIG_BYTES} bytes`,
      consequence: DOES_NOT_START,
    })
    return null
  }
  if (!isUtf8(bytes)) {
    const isUtf16 = UTF16_MARKS.some((mark) => mark.equals(bytes.subarray(0, 2)))
    reporter.complain({
      severity: 'error',
      line: firstLineNotUtf8(bytes),
      column: 1,
      path: '',
      found: isUtf16 ? 'UTF-16' : 'bytes that are not UTF-8',
      expected: 'UTF-8 text',
      consequence: DOES_NOT_START,
    })
    return null
  }
  // XML 1.0, 2.11: a parser sees every kind of line break as \n.
  const text = new TextDecoder().decode(bytes).replaceAll(/\r\n?/g, '\n')
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    reporter.complain({
      severity: 'error',
      ...lineIndex(text)(nul),
      path: '',
      found: 'a NUL character',
      expected: 'UTF-8 text',
      consequence: DOES_NOT_START,
    })
    return null
  }
  return text
}

/** No character of several bytes contains the byte of a line break, so each line can be looked at by itself. */
function firstLineNotUtf8(bytes: Uint8Array): number {
  let line = 1
  let start = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return line
    line++
    start = end + 1
  }
  return line
}
