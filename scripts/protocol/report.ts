// SPDX-License-Identifier: Apache-2.0
import { versionName } from '../../test/support/script/script.ts'
import type { Outcome } from './run.ts'

type Result = Outcome['result']

interface RowSummary {
  readonly row: string
  readonly outcomes: readonly Outcome[]
  /** Differs if anything does; passes if anything was run. */
  readonly result: Result
}

/** One line for a script, and below it what differs. */
export function describeOutcome({ script, version, result, text }: Outcome): string {
  const line = `${result.padEnd(8)} ${script.rows.join(' ')}: ${script.title} [${versionName(version)}]`
  if (result === 'not run') return `${line}: ${text}`
  return result === 'differs' ? `${line}\n${indent(text)}` : line
}

/** What to know at the end: totals, and the rows that differ. */
export function summary(outcomes: readonly Outcome[]): string {
  const rows = summarizeRows(outcomes)
  return [
    `scripts: ${totals(outcomes)}`,
    `rows:    ${totals(rows)}`,
    ...reasons(outcomes).map(([reason, count]) => `not run: ${count} ${reason}`),
    ...rows.filter(({ result }) => result === 'differs').map(({ row, outcomes: own }) => `${row}: ${totals(own)}`),
  ].join('\n')
}

/** What differs, as Markdown. */
export function markdownReport(outcomes: readonly Outcome[], address: string): string {
  const rows = summarizeRows(outcomes)
  const counts = [
    ['Scripts, one for each version', outcomes],
    ['Rows', rows],
  ] as const
  return `# Protocol scripts against ${address}

| | Pass | Differ | Not run |
| --- | --- | --- | --- |
${counts.map(([name, items]) => `| ${name} | ${RESULTS.map((result) => countOf(items, result)).join(' | ')} |`).join('\n')}

## Differences

${differences(outcomes)}
## Not run

${reasons(outcomes)
  .map(([reason, count]) => `- ${reason}: ${count}\n`)
  .join('')}`
}

const RESULTS: readonly Result[] = ['pass', 'differs', 'not run']

function differences(outcomes: readonly Outcome[]): string {
  const different = outcomes.filter(({ result }) => result === 'differs')
  const byScript = Map.groupBy(different, ({ script }) => script)
  return Array.from(byScript, ([{ rows, title }, own]) => {
    // Versions that differ alike are told once.
    const byText = Map.groupBy(own, ({ text }) => text)
    const texts = Array.from(byText, ([text, alike]) => {
      const versions = alike.map(({ version }) => versionName(version)).join(', ')
      return `MQTT ${versions}:\n\n\`\`\`\n${text}\n\`\`\`\n`
    })
    return `### ${rows.join(' ')}: ${title}\n\n${texts.join('\n')}\n`
  }).join('')
}

function summarizeRows(outcomes: readonly Outcome[]): RowSummary[] {
  const byRow = new Map<string, Outcome[]>()
  for (const outcome of outcomes) {
    for (const row of outcome.script.rows) byRow.set(row, [...(byRow.get(row) ?? []), outcome])
  }
  return Array.from(byRow, ([row, own]) => {
    const has = (result: Result): boolean => own.some((outcome) => outcome.result === result)
    return { row, outcomes: own, result: has('differs') ? 'differs' : has('pass') ? 'pass' : 'not run' }
  })
}

function reasons(outcomes: readonly Outcome[]): [reason: string, count: number][] {
  const notRun = outcomes.filter(({ result }) => result === 'not run')
  return Array.from(
    Map.groupBy(notRun, ({ text }) => text),
    ([reason, own]) => [reason, own.length],
  )
}

function totals(items: readonly { readonly result: Result }[]): string {
  return RESULTS.map((result) => `${countOf(items, result)} ${result}`).join(', ')
}

function countOf(items: readonly { readonly result: Result }[], result: Result): number {
  return items.filter((item) => item.result === result).length
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
