// SPDX-License-Identifier: Apache-2.0
import { versionOfStatement } from './checklist.ts'
import type { Coverage, RowCoverage, StatementCoverage } from './join.ts'

/** Everything that keeps the report from being true or complete, one line each. */
export function gapsOf(coverage: Coverage): string[] {
  return [
    ...unknownNames(coverage),
    ...coverage.statements.flatMap(gapsOfStatement),
    ...coverage.rows.flatMap(gapsOfRow),
  ]
}

function unknownNames({ checklist, citations }: Coverage): string[] {
  const statements = new Set(checklist.statements)
  const rows = new Set(checklist.rows.map(({ row }) => row))
  const gaps = citations.mentions
    .filter(({ statement }) => !statements.has(statement))
    .map(({ statement, file }) => `${file}: ${statement} is no statement of the specification`)
  for (const { file, title, rows: cited, statements: ids, versions } of citations.tests) {
    for (const row of cited) if (!rows.has(row)) gaps.push(`${file}: ${row} is no row of the checklist: ${title}`)
    for (const id of ids) {
      if (!statements.has(id)) gaps.push(`${file}: ${id} is no statement of the specification: ${title}`)
      else if (versions !== undefined && !versions.includes(versionOfStatement(id)))
        gaps.push(`${file}: ${id} is a statement of MQTT ${versionOfStatement(id)}, which is not spoken in: ${title}`)
    }
  }
  for (const { statements: ids, row } of checklist.rows) {
    for (const id of ids) if (!statements.has(id)) gaps.push(`checklist.json: ${row} names an unknown ${id}`)
  }
  const exempted = [...checklist.open, ...checklist.exempt].flatMap((item) => [
    ...(item.rows ?? []),
    ...(item.statements ?? []),
  ])
  for (const name of exempted) {
    if (!rows.has(name) && !statements.has(name))
      gaps.push(`${name} is exempted, but there is no such row or statement`)
  }
  for (const [name, times] of Map.groupBy(exempted, (item) => item)) {
    if (times.length > 1) gaps.push(`${name} is exempted twice`)
  }
  return gaps
}

function gapsOfStatement({ statement, tags, tests, open, exempt }: StatementCoverage): string[] {
  const isExempted = open !== undefined || exempt !== undefined
  if (isExempted)
    return tags.length > 0 && tests.length > 0 ? [`${statement} has a line and a test; it is no exemption`] : []
  const gaps: string[] = []
  if (tags.length === 0) gaps.push(`${statement} has no line that enforces it`)
  if (tests.length === 0) gaps.push(`${statement} has no test`)
  return gaps
}

function gapsOfRow({ row: { row, versions, must }, tests, open, exempt }: RowCoverage): string[] {
  const isExempted = open !== undefined || exempt !== undefined
  if (isExempted) return tests.length > 0 ? [`${row} has a test; it is no exemption`] : []
  if (tests.length === 0) return [`${row} has no test: ${must}`]
  return versions
    .filter((version) => !tests.some((test) => test.versions?.includes(version) ?? true))
    .map((version) => `${row} has no test in MQTT ${version}: ${must}`)
}
