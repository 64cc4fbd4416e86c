// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SETTING_ELEMENTS, type SettingElement } from './setting-elements.ts'
import { UNLIMITED } from './value-element.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/configuration.md')

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

describe('docs/configuration.md', () => {
  it('lists every element as the code has it, and no other', () => {
    const table = readFileSync(DOCUMENT, 'utf8').split('<!-- elements -->')[1]!
    const rows = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').slice(1, 6))
      .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')))
    expect(rows).toEqual(SETTING_ELEMENTS.map(rowOf))
  })
})
