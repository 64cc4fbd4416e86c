// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { formatComplaint, type Place } from './complaint.ts'
import type { Environment } from './environment.ts'
import { replacePlaceholders } from './placeholders.ts'
import { createReporter } from './reporter.ts'
import type { SourceText } from './source-text.ts'

function replace(text: string, environment: Environment): { source: SourceText | null; complaints: string[] } {
  const reporter = createReporter('config.xml')
  const source = replacePlaceholders(text, environment, reporter)
  return { source, complaints: reporter.complaints.map(formatComplaint) }
}

describe('replacePlaceholders', () => {
  it.each([
    ['${A}', 'alpha'],
    ['${ENV:A}', 'alpha'],
    ['${ENV:ENV:A}', 'alpha'],
    ['x${A}y${B}z', 'xalphaybetaz'],
    ['<!-- ${A} -->', '<!-- alpha -->'],
    ['<${A} ${B}="${A}"/>', '<alpha beta="alpha"/>'],
    ['[${EMPTY}]', '[]'],
    ['${ A }', 'blanks'],
    ['${A:-y}', 'odd'],
    // Inserted as it is: no escaping, no second pass, no replacement patterns.
    ['${RAW}', '&<$1$&\\${A}'],
    // No placeholders
    ['$A $ {A} ${A', '$A $ {A} ${A'],
    ['${A\n}', '${A\n}'],
    ['${A\n${A}', '${A\nalpha'],
    ['', ''],
  ])('makes %j %j', (text, expected) => {
    const environment = { A: 'alpha', B: 'beta', EMPTY: '', ' A ': 'blanks', 'A:-y': 'odd', RAW: '&<$1$&\\${A}' }
    const { source, complaints } = replace(text, environment)
    expect(source?.text).toBe(expected)
    expect(complaints).toEqual([])
  })

  it('complains of every variable that is not set, in comments too', () => {
    const { source, complaints } = replace('<!-- ${NOT_SET} -->\n<a>${constructor}</a>${env:A}${ENV:}${}', { A: 'a' })
    expect(source).toBeNull()
    expect(complaints).toEqual([
      'config.xml:1:6: found the placeholder "${NOT_SET}", expected the environment variable NOT_SET to be set; the broker does not start',
      'config.xml:2:4: found the placeholder "${constructor}", expected the environment variable constructor to be set; the broker does not start',
      'config.xml:2:22: found the placeholder "${env:A}", expected the environment variable env:A to be set; the broker does not start',
      'config.xml:2:30: found the placeholder "${ENV:}", expected the name of an environment variable in it; the broker does not start',
      'config.xml:2:37: found the placeholder "${}", expected the name of an environment variable in it; the broker does not start',
    ])
  })

  it('remembers where each character stands in the file', () => {
    const { source } = replace('ab${LONG}c\n${EMPTY}d${LINES}e', { LONG: 'x'.repeat(50), EMPTY: '', LINES: '1\n2\n3' })
    const { text } = source!
    const place = (offset: number): Place => source!.place(offset)
    expect(place(0)).toEqual({ line: 1, column: 1 })
    expect(place(text.indexOf('x'))).toEqual({ line: 1, column: 3 })
    expect(place(text.lastIndexOf('x'))).toEqual({ line: 1, column: 3 })
    expect(place(text.indexOf('c'))).toEqual({ line: 1, column: 10 })
    expect(place(text.indexOf('d'))).toEqual({ line: 2, column: 9 })
    expect(place(text.indexOf('3'))).toEqual({ line: 2, column: 10 })
    expect(place(text.indexOf('e'))).toEqual({ line: 2, column: 18 })
  })

  it('refuses a text that grows beyond the cap', () => {
    const { source, complaints } = replace('${LONG}'.repeat(20), { LONG: 'x'.repeat(100_000) })
    expect(source).toBeNull()
    expect(complaints).toEqual([
      'config.xml: found more than 1048576 characters once placeholders are replaced, expected at most 1048576; the broker does not start',
    ])
  })
})
