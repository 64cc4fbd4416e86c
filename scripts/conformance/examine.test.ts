// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Checklist } from './checklist.ts'
import { complaintsOf, examine, type Project } from './examine.ts'

const CHECKLIST: Checklist = {
  statements: ['MQTT-1.0.0-1', 'MQTT4-1.0.0-1', 'MQTT-1.0.0-2'],
  rows: [
    { row: 'AA-01', section: 'A', statements: ['MQTT-1.0.0-1'], versions: ['3.1.1', '5'], must: 'answer' },
    { row: 'AA-02', section: 'A', statements: [], versions: ['5'], must: 'wait' },
  ],
  open: [{ reason: 'a part that is missing', rows: ['AA-02'] }],
  exempt: [{ reason: 'binds the client', statements: ['MQTT-1.0.0-2'] }],
}
const SOURCE = `
/** Answers [MQTT-1.0.0-1]. */
export function answer(): void {
  if (isOld) return // ~[MQTT4-1.0.0-1]
}
`
const SCRIPT = `
=== AA-01: it answers
v: 3.1.1 5
ids: MQTT-1.0.0-1 MQTT4-1.0.0-1
A> CONNECT
`
const PROJECT: Project = {
  sources: { 'src/broker/answer.ts': SOURCE },
  scripts: { 'test/protocol/scripts/a.script': SCRIPT },
  tests: {},
}

function gapsWith(changes: Partial<Project>, checklist: Partial<Checklist> = {}): readonly string[] {
  return examine({ ...CHECKLIST, ...checklist }, { ...PROJECT, ...changes }).gaps
}

const script = (text: string): Partial<Project> => ({ scripts: { 'test/protocol/scripts/a.script': text } })
const source = (text: string): Partial<Project> => ({ sources: { 'src/broker/answer.ts': text } })
const test = (text: string): Partial<Project> => ({ tests: { 'test/protocol/b.test.ts': text } })

describe('gaps', () => {
  it('are none where every statement has a line and a test, and every row a test', () => {
    expect(gapsWith({})).toEqual([])
  })

  it('are statements that do not exist, in sources, scripts and tests, as tags or as data', () => {
    expect(gapsWith(source(`${SOURCE}// [MQTT-1.0.0-9]`))).toEqual([
      'src/broker/answer.ts: MQTT-1.0.0-9 is no statement of the specification',
    ])
    expect(gapsWith(source(`${SOURCE}const fault = 'MQTT-1.0.0'`))).toEqual([
      'src/broker/answer.ts: MQTT-1.0.0 is no statement of the specification',
    ])
    expect(gapsWith(script(SCRIPT.replace('ids:', 'ids: MQTT-1.0.0-9')))).toEqual([
      'test/protocol/scripts/a.script: MQTT-1.0.0-9 is no statement of the specification: it answers',
    ])
    expect(gapsWith({ tests: { 'test/support/client.ts': '// [MQTT4-1.0.0-2]' } })).toEqual([
      'test/support/client.ts: MQTT4-1.0.0-2 is no statement of the specification',
    ])
  })

  it('are rows that do not exist', () => {
    expect(gapsWith(script(SCRIPT.replace('AA-01', 'AA-01 AA-07')))).toEqual([
      'test/protocol/scripts/a.script: AA-07 is no row of the checklist: it answers',
    ])
    expect(gapsWith(test("it('AA-07: it waits', () => undefined)"))).toEqual([
      'test/protocol/b.test.ts: AA-07 is no row of the checklist: it waits',
    ])
  })

  it('are statements without a line or without a test', () => {
    expect(gapsWith(source(SOURCE.replace('~[MQTT4-1.0.0-1]', '')))).toEqual([
      'MQTT4-1.0.0-1 has no line that enforces it',
    ])
    expect(gapsWith(script(SCRIPT.replace('MQTT-1.0.0-1 ', '')))).toEqual(['MQTT-1.0.0-1 has no test'])
  })

  it('are tests that do not speak the version of the statement that they name', () => {
    expect(gapsWith({ ...script(`${SCRIPT}\n=== AA-01: old\nv: 3.1.1\nids: MQTT-1.0.0-1\nA> CONNECT`) })).toEqual([
      'test/protocol/scripts/a.script: MQTT-1.0.0-1 is a statement of MQTT 5, which is not spoken in: old',
    ])
    const mixed = `${SCRIPT}\n=== AA-01: old\nv: 3.1.1\nids: MQTT-1.0.0-1\nA: version 5\nA> CONNECT`
    expect(gapsWith(script(mixed))).toEqual([])
  })

  it('are rows without a test, in one of their versions or at all', () => {
    const text = SCRIPT.replace('v: 3.1.1 5', 'v: 5').replace(' MQTT4-1.0.0-1', '')
    const exempt = [{ reason: 'not ours', statements: ['MQTT-1.0.0-2', 'MQTT4-1.0.0-1'] }]
    expect(gapsWith(script(text), { exempt })).toEqual(['AA-01 has no test in MQTT 3.1.1: answer'])
    expect(gapsWith(test("it('AA-01: it answers', () => undefined)"), { open: [] })).toEqual([
      'AA-02 has no test: wait',
    ])
  })

  it('are exemptions that are none any more, or never were', () => {
    expect(gapsWith(test("it('AA-02: it waits', () => undefined)"))).toEqual(['AA-02 has a test; it is no exemption'])
    const withLineAndTest = {
      ...source(`${SOURCE}// [MQTT-1.0.0-2]`),
      ...test("// [MQTT-1.0.0-2]\nit('keeps quiet', () => undefined)"),
    }
    expect(gapsWith(withLineAndTest)).toEqual(['MQTT-1.0.0-2 has a line and a test; it is no exemption'])
    const open = [{ reason: 'a part that is missing', rows: ['AA-02', 'AA-09'] }]
    expect(gapsWith({}, { open })).toEqual(['AA-09 is exempted, but there is no such row or statement'])
    expect(gapsWith({}, { open: [...CHECKLIST.open, ...CHECKLIST.open] })).toEqual(['AA-02 is exempted twice'])
  })
})

describe('the report', () => {
  it('tells lines by the declaration around them and tests by their titles', () => {
    const { report } = examine(CHECKLIST, PROJECT)
    expect(report).toContain(
      '| AA-01 | answer (MQTT-1.0.0-1) | 3.1.1, 5 | [broker/answer.ts] `answer` | [a.script] it answers |',
    )
    expect(report).toContain('| AA-02 | wait | 5 |  | open: a part that is missing |')
    expect(report).toContain('| MQTT4-1.0.0-1 |  | [broker/answer.ts] ~`answer` | [a.script] it answers |')
    expect(report).toContain('| MQTT-1.0.0-2 |  |  | binds the client |')
    expect(report).toContain('[a.script]: ../test/protocol/scripts/a.script')
  })

  it('is the same wherever the lines move, and another when a line moves into another function', () => {
    const { report } = examine(CHECKLIST, PROJECT)
    expect(examine(CHECKLIST, { ...PROJECT, ...source(`\n\n// New.\n${SOURCE}`) }).report).toBe(report)
    const moved = SOURCE.replace('answer()', 'reply()')
    expect(examine(CHECKLIST, { ...PROJECT, ...source(moved) }).report).not.toBe(report)
  })

  it('is out of date when it is not the committed one', () => {
    const examination = examine(CHECKLIST, PROJECT)
    expect(complaintsOf(examination, examination.report)).toEqual([])
    const stale = ['docs/conformance.md is not up to date: npm run conformance']
    expect(complaintsOf(examination, examination.report.replace('it answers', 'it asks'))).toEqual(stale)
    expect(complaintsOf(examination, null)).toEqual(stale)
  })

  it('lists the gaps', () => {
    const { report } = examine(CHECKLIST, { ...PROJECT, scripts: {} })
    expect(report).toContain('- MQTT-1.0.0-1 has no test\n')
  })
})
