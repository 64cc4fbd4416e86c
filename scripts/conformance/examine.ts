// SPDX-License-Identifier: Apache-2.0
import type { Checklist } from './checklist.ts'
import { mentionsIn } from './citation.ts'
import { gapsOf } from './gaps.ts'
import { join } from './join.ts'
import { report } from './report.ts'
import { sourceTags } from './source-tags.ts'
import { scriptCitations, testCitations } from './test-citations.ts'

/** Texts by path from the root of the project. */
export type Texts = Readonly<Record<string, string>>

export interface Project {
  readonly sources: Texts
  readonly scripts: Texts
  /** TypeScript below test/ and beside the sources; titles and tags are read from *.test.ts. */
  readonly tests: Texts
}

export interface Examination {
  readonly report: string
  /** Empty when the report may be committed. */
  readonly gaps: readonly string[]
}

/** Reads a project against the checklist. */
export function examine(checklist: Checklist, project: Project): Examination {
  const { sources, scripts, tests } = project
  const isTest = (file: string): boolean => file.endsWith('.test.ts')
  const coverage = join(checklist, {
    tags: collect(sources, sourceTags),
    tests: [
      ...collect(scripts, scriptCitations),
      ...collect(tests, (text, file) => (isTest(file) ? testCitations(text, file) : [])),
    ],
    mentions: [...collect(sources, mentionsIn), ...collect(tests, mentionsIn)],
  })
  const gaps = gapsOf(coverage)
  return { report: report(coverage, gaps), gaps }
}

/** What `--check` fails on. `committed` is the report as it stands in the project. */
export function complaintsOf({ report: current, gaps }: Examination, committed: string | null): readonly string[] {
  return current === committed ? gaps : [...gaps, 'docs/conformance.md is not up to date: npm run conformance']
}

function collect<T>(texts: Texts, read: (text: string, file: string) => readonly T[]): T[] {
  return Object.entries(texts).flatMap(([file, text]) => read(text, file))
}
