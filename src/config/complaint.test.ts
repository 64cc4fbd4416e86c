// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type Complaint, formatComplaint, quoted, WHOLE_FILE } from './complaint.ts'

const complaint: Complaint = {
  severity: 'warning',
  file: '/opt/hivemq/conf/config.xml',
  line: 12,
  column: 7,
  path: 'mqtt/quality-of-service/max-qos',
  found: quoted('3'),
  expected: 'a whole number from 0 to 2',
  consequence: 'the default, 2, is used',
}

describe('formatComplaint', () => {
  it('says where, which element, what was found, what was expected and what happens', () => {
    expect(formatComplaint(complaint)).toBe(
      '/opt/hivemq/conf/config.xml:12:7: mqtt/quality-of-service/max-qos: found "3", expected a whole number from 0 to 2; the default, 2, is used',
    )
  })

  it('leaves out the element where none is meant, and the place where the whole file is meant', () => {
    expect(formatComplaint({ ...complaint, ...WHOLE_FILE, path: '' })).toBe(
      '/opt/hivemq/conf/config.xml: found "3", expected a whole number from 0 to 2; the default, 2, is used',
    )
  })

  it('is one line of visible characters, whatever the file holds', () => {
    const found = quoted('1\n2\r\u001B[31m\u2028\u202E')
    expect(formatComplaint({ ...complaint, found })).toContain(
      String.raw`found "1\u{000a}2\u{000d}\u{001b}[31m\u{2028}\u{202e}", expected`,
    )
  })

  it('stays short', () => {
    const long = 'x'.repeat(100_000)
    expect(quoted(long)).toBe(`"${'x'.repeat(80)}…"`)
    expect(formatComplaint({ ...complaint, path: long, found: long }).length).toBeLessThan(700)
  })
})
