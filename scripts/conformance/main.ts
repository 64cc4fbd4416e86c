// SPDX-License-Identifier: Apache-2.0
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checklist } from './checklist.ts'
import { complaintsOf, examine, type Texts } from './examine.ts'
import { STATEMENTS } from './statements.ts'

// `node scripts/conformance/main.ts` writes docs/conformance.md; with --check it only says what is wrong with it.

const REPORT = 'docs/conformance.md'
const root = join(import.meta.dirname, '../..')

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

const parse = (name: string): unknown => JSON.parse(read(`scripts/conformance/${name}`))

function texts(pattern: string, isWanted: (file: string) => boolean = () => true): Texts {
  const files = globSync(pattern, { cwd: root }).filter((file) => isWanted(file))
  return Object.fromEntries(files.toSorted().map((file) => [file, read(file)]))
}

const examination = examine(
  {
    statements: STATEMENTS,
    rows: parse('checklist.json') as Checklist['rows'],
    open: parse('open.json') as Checklist['open'],
    exempt: parse('exempt.json') as Checklist['exempt'],
  },
  {
    sources: texts('src/**/*.ts', (file) => !file.endsWith('.test.ts')),
    scripts: texts('test/protocol/scripts/*.script'),
    tests: { ...texts('src/**/*.test.ts'), ...texts('test/**/*.ts') },
  },
)
if (!process.argv.includes('--check')) writeFileSync(join(root, REPORT), examination.report)
const complaints = complaintsOf(examination, existsSync(join(root, REPORT)) ? read(REPORT) : null)
for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exitCode = 1
