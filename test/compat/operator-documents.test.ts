// SPDX-License-Identifier: Apache-2.0
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const PROJECT = join(import.meta.dirname, '../..')

function read(file: string): string {
  return readFileSync(join(PROJECT, file), 'utf8')
}

/** Any text in its place. */
const ANYTHING = '<>'

/** The text of the sources as it is written: strings that are put together stand in one piece, what is put into them is `<>`. */
function wordsOf(source: string): string {
  const joined = source.replaceAll(/['`] \+\s*['`]/g, '')
  let words = ''
  let depth = 0
  for (let i = 0; i < joined.length; i++) {
    if (depth === 0 && joined.startsWith('${', i)) {
      words += ANYTHING
      depth = 1
      i++
    } else if (depth === 0) words += joined[i]
    else if (joined[i] === '{') depth++
    else if (joined[i] === '}') depth--
  }
  return words
}

/** What stands in back quotes in the first column of tables whose heading begins so. */
function quotedLines(document: string, heading: string): string[] {
  return document
    .split('\n\n')
    .filter((block) => block.startsWith(`| ${heading}`))
    .flatMap((table) => table.split('\n').slice(2))
    .map((row) => /^\| `([^`]+)`/.exec(row)![1]!)
}

describe('docs/troubleshoot.md', () => {
  const sources = globSync(['src/**/*.ts', 'extensions/**/*.ts'], { cwd: PROJECT }).filter(
    (file) => !file.endsWith('.test.ts'),
  )
  const words = sources.map((file) => wordsOf(read(file))).join('\n')
  const lines = quotedLines(read('docs/troubleshoot.md'), 'The log says')

  it('has lines', () => expect(lines.length).toBeGreaterThan(40))

  it.each(lines)('quotes what the broker says: %s', (line) => {
    // Those of config.xml are made of parts; the last one is a text of its own.
    const text = line.startsWith('<file>:<line>') ? line.split('; ')[1]! : line
    // Not toContain: it would print all of the sources.
    expect(words.includes(text.replaceAll(/<[^>]+>/g, ANYTHING))).toBe(true)
  })
})

/** The anchors that GitHub makes of headings. */
function anchorsIn(document: string): Set<string> {
  const headings = document.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)
  return new Set(
    [...headings].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

describe('links', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: PROJECT })]

  it.each(documents)('in %s lead to files and headings that there are', (document) => {
    const text = read(document)
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue
      const [path, anchor] = target!.split('#') as [string, string | undefined]
      const file = path === '' ? document : relative(PROJECT, join(PROJECT, dirname(document), path))
      expect(existsSync(join(PROJECT, file)), `${target} in ${document}`).toBe(true)
      if (anchor === undefined || statSync(join(PROJECT, file)).isDirectory()) continue
      expect([...anchorsIn(read(file))], `${target} in ${document}`).toContain(anchor)
    }
  })
})
