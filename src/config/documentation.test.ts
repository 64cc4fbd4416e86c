// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LEGACY_ELEMENTS } from './legacy-elements.ts'
import { ADDITION, COMMON, TLS, WEBSOCKET } from './listener-elements.ts'
import { SETTING_ELEMENTS, type SettingElement } from './setting-elements.ts'
import { type ListenerElement, UNLIMITED } from './value-element.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')

/** The cells of the table behind a mark, without back quotes. */
function tableAt(mark: string): string[][] {
  const [, table] = DOCUMENT.split(`<!-- ${mark} -->\n\n`)
  return table!
    .split('\n\n')[0]!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')))
}

/** The table's rows as the document must have them: element, default, values, below, above. */
function rowOf(element: SettingElement): string[] {
  const { path, type } = element
  const start = [path, String(element.default)]
  if (type === 'boolean') return [...start, 'true, false', '', '']
  if (type === 'enum') return [...start, element.words.join(', '), '', '']
  const { min, max, below, above } = element
  const hasMin = min !== -UNLIMITED
  const hasMax = max !== UNLIMITED
  const values = hasMax ? `${min} to ${max}` : hasMin ? `${min} or more` : 'any number'
  return [...start, values, hasMin ? String(below) : '', hasMax ? String(above) : '']
}

function pathOf(element: ListenerElement): string {
  return element.type === 'list' ? `${element.path}/${element.item}` : element.path
}

/** Defaults that only the code that reads them knows, since they depend on other elements or on the TLS engine. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  [COMMON.name.path]: '<element>-<port>',
  [TLS.keystorePath.path]: 'required',
  [TLS.protocols.path]: 'TLSv1.3 and TLSv1.2',
  [TLS.cipherSuites.path]: 'those of the TLS engine',
  [TLS.preferServerCipherSuites.path]: 'that of the TLS engine',
}
const OTHER_DEFAULTS_OF_ADDITIONS: Readonly<Record<string, string>> = {
  [ADDITION.name.path]: 'required',
  [ADDITION.trustedNetworks.path]: 'required',
}

function defaultOf(element: ListenerElement): string {
  if (element.type === 'port') return 'required'
  if (element.type === 'list') return element.default?.join(' and ') ?? 'none'
  if (element.default === null) return 'none'
  return element.default === '' ? 'empty' : String(element.default)
}

/** The words that its cell of values must have. */
function valuesOf(element: ListenerElement): readonly string[] {
  if (element.type === 'enum') return element.words
  if (element.type === 'list') return element.words ?? []
  return element.type === 'boolean' ? ['true', 'false'] : []
}

describe('docs/configuration.md', () => {
  it.each([
    ['elements', SETTING_ELEMENTS],
    ['legacy', LEGACY_ELEMENTS],
  ])('lists every one of the %s as the code has it, and no other', (mark, elements) => {
    expect(tableAt(mark).map((cells) => cells.slice(0, 5))).toEqual(elements.map(rowOf))
  })

  it('lists every element of listeners', () => {
    const elements: [ListenerElement, string][] = [
      ...Object.values(COMMON).map((element): [ListenerElement, string] => [element, 'all']),
      ...Object.values(WEBSOCKET).map((element): [ListenerElement, string] => [element, 'websocket']),
      ...Object.values(TLS).map((element): [ListenerElement, string] => [element, 'tls']),
    ]
    const table = tableAt('listeners')
    expect(table.map((cells) => cells.slice(0, 3))).toEqual(
      elements.map(([element, kinds]) => [pathOf(element), kinds, OTHER_DEFAULTS[element.path] ?? defaultOf(element)]),
    )
    for (const [i, [element]] of elements.entries()) {
      for (const word of valuesOf(element)) expect(table[i]![3]).toContain(word)
    }
  })

  it('lists every element of waggle/listeners', () => {
    expect(tableAt('additions').map((cells) => cells.slice(0, 2))).toEqual(
      Object.values(ADDITION).map((element: ListenerElement) => [
        pathOf(element),
        OTHER_DEFAULTS_OF_ADDITIONS[element.path] ?? defaultOf(element),
      ]),
    )
  })
})
