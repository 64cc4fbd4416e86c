// SPDX-License-Identifier: Apache-2.0
import { parseScripts } from '../../test/support/script/parse-script.ts'
import { versionName, type Script } from '../../test/support/script/script.ts'
import type { TestCitation } from './citation.ts'
import { testsIn } from './tests-in.ts'

/** The scripts of a file of protocol scripts. */
export function scriptCitations(text: string, file: string): TestCitation[] {
  return parseScripts(text, file).map((script) => ({
    file,
    title: script.title,
    rows: script.rows,
    statements: script.ids,
    versions: versionsOf(script),
  }))
}

/** Beside the versions in which it runs those that single clients speak in it. */
function versionsOf(script: Script): string[] {
  const others = script.lines.flatMap(({ step }) =>
    step.type === 'client' && step.command.startsWith('version ') ? [step.command.slice('version '.length)] : [],
  )
  return [...new Set([...script.versions.map((version) => versionName(version)), ...others])]
}

/** The tests of a TypeScript file: rows stand at the beginning of titles, tags in or just above a test. */
export function testCitations(text: string, file: string): TestCitation[] {
  return testsIn(text).map(({ title, tags }) => {
    const [, rows, rest] = /^((?:[A-Z]{1,2}-\d+ )*[A-Z]{1,2}-\d+): ([^]*)$/.exec(title) ?? []
    return { file, title: rest ?? title, rows: rows?.split(' ') ?? [], statements: tags, versions: undefined }
  })
}
