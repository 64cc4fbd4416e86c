// SPDX-License-Identifier: Apache-2.0
import type { Checklist, Exemption, Row } from './checklist.ts'
import type { Mention, SourceTag, TestCitation } from './citation.ts'

export interface Citations {
  readonly tags: readonly SourceTag[]
  readonly tests: readonly TestCitation[]
  readonly mentions: readonly Mention[]
}

export interface StatementCoverage {
  readonly statement: string
  readonly rows: readonly string[]
  readonly tags: readonly SourceTag[]
  readonly tests: readonly TestCitation[]
  readonly open: Exemption | undefined
  readonly exempt: Exemption | undefined
}

export interface RowCoverage {
  readonly row: Row
  readonly tags: readonly SourceTag[]
  readonly tests: readonly TestCitation[]
  readonly open: Exemption | undefined
  readonly exempt: Exemption | undefined
}

export interface Coverage {
  readonly checklist: Checklist
  readonly citations: Citations
  readonly statements: readonly StatementCoverage[]
  readonly rows: readonly RowCoverage[]
}

/** Puts what the code and the tests cite beside what the checklist asks for. */
export function join(checklist: Checklist, citations: Citations): Coverage {
  const { tags, tests } = citations
  const tagsOf = Map.groupBy(tags, ({ statement }) => statement)
  const testsOfStatement = byName(tests, ({ statements }) => statements)
  const testsOfRow = byName(tests, ({ rows }) => rows)
  const rowsOf = byName(checklist.rows, ({ statements }) => statements)
  return {
    checklist,
    citations,
    statements: checklist.statements.map((statement) => ({
      statement,
      rows: (rowsOf.get(statement) ?? []).map(({ row }) => row),
      tags: tagsOf.get(statement) ?? [],
      tests: testsOfStatement.get(statement) ?? [],
      open: checklist.open.find(({ statements }) => statements?.includes(statement)),
      exempt: checklist.exempt.find(({ statements }) => statements?.includes(statement)),
    })),
    rows: checklist.rows.map((row) => ({
      row,
      tags: row.statements.flatMap((statement) => tagsOf.get(statement) ?? []),
      tests: testsOfRow.get(row.row) ?? [],
      open: checklist.open.find(({ rows }) => rows?.includes(row.row)),
      exempt: checklist.exempt.find(({ rows }) => rows?.includes(row.row)),
    })),
  }
}

function byName<T>(items: readonly T[], namesOf: (item: T) => readonly string[]): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const item of items) {
    for (const name of new Set(namesOf(item))) {
      const others = found.get(name)
      if (others === undefined) found.set(name, [item])
      else others.push(item)
    }
  }
  return found
}
