// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What docs/configuration.md says of each element, by the mark of its table and by path. */
export interface Explanations {
  readonly elements: ReadonlyMap<string, string>
  readonly legacy: ReadonlyMap<string, string>
  readonly listeners: ReadonlyMap<string, string>
  readonly additions: ReadonlyMap<string, string>
}

/** The document is where elements are explained; an editor shows the same sentences. */
export function readExplanations(): Explanations {
  const document = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  const tableAt = (mark: string, explain: (cells: readonly string[]) => string): ReadonlyMap<string, string> => {
    const [, table] = document.split(`<!-- ${mark} -->\n\n`)
    const rows = table!
      .split('\n\n')[0]!
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    const cells = rows.map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    return new Map(cells.map((row) => [row[1]!, explain(row)]))
  }
  const setting = (cells: readonly string[]): string => `${cells[6]!} ${standard(cells[2]!)}`
  return {
    elements: tableAt('elements', setting),
    legacy: tableAt('legacy', (cells) => `Of another edition of HiveMQ. ${setting(cells)}`),
    listeners: tableAt('listeners', (cells) => `${capital(cells[4]!)}. ${standard(cells[3]!)}`),
    additions: tableAt('additions', (cells) => `${capital(cells[3]!)}. ${standard(cells[2]!)}`),
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function standard(text: string): string {
  return text === 'required' ? 'Required.' : `Default: ${text}.`
}
