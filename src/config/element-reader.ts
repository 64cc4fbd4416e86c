// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { collectValues } from './collect-values.ts'
import { type Complaint, DOES_NOT_START, type Place, quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { pathOf } from './element-paths.ts'
import { describeValues, parseInteger, parseValue } from './parse-value.ts'
import { type EffectiveSetting, showValue } from './effective-setting.ts'
import type { Reporter } from './reporter.ts'
import type {
  BooleanElement,
  EnumElement,
  FileElement,
  IntegerElement,
  ListenerElement,
  ListElement,
  PortElement,
  SecretElement,
  TextElement,
} from './value-element.ts'

export interface ListItem {
  readonly text: string
  readonly place: Place
}

const MAX_PORT = 65_535

/** Reads the elements of one section, such as a listener, by their rows; it complains of what it cannot read. */
export class ElementReader {
  readonly section: ConfigElement
  readonly #path: string
  readonly #home: string
  readonly #reporter: Reporter
  readonly #elements: ReadonlyMap<string, ConfigElement>
  readonly #effective = new Map<ListenerElement, Pick<EffectiveSetting, 'value' | 'isDefault'>>()

  /** Paths of rows count from `path`, files from `home`. */
  constructor(section: ConfigElement, path: string, home: string, reporter: Reporter) {
    this.section = section
    this.#path = path
    this.#home = home
    this.#reporter = reporter
    this.#elements = collectValues(section, path, reporter)
  }

  /** The element of a path, section or value, where it was given. */
  given(path: string): ConfigElement | undefined {
    return this.#elements.get(pathOf(this.#path, path))
  }

  text(row: TextElement): string {
    return this.settle(row, this.given(row.path)?.text || row.default)
  }

  /** Absolute; null when none was given. */
  file(row: FileElement): string | null {
    const name = this.given(row.path)?.text ?? ''
    return this.settle(row, name === '' ? row.default : resolve(this.#home, name))
  }

  secret(row: SecretElement): string {
    return this.settle(row, this.given(row.path)?.rawText ?? row.default)
  }

  integer(row: IntegerElement): number {
    return this.settle(row, this.#value(row) as number)
  }

  boolean<Default extends boolean | null>(row: BooleanElement<Default>): boolean | Default {
    return this.settle(row, this.#value(row) as boolean | Default)
  }

  word<Word extends string>(row: EnumElement<Word>): Word {
    return this.settle(row, this.#value(row) as Word)
  }

  /** HiveMQ opens any free port when this one is missing or no number; here that is an error. */
  port(row: PortElement): number | null {
    const given = this.given(row.path)
    const port = given === undefined ? null : parseInteger(given.text)
    if (port !== null && port >= 1 && port <= MAX_PORT) return this.settle(row, port)
    this.refuse(row.path, {
      found: given === undefined ? 'no such element' : given.text === '' ? 'no number' : quoted(given.text),
      expected: `a whole number from 1 to ${MAX_PORT}`,
    })
    return null
  }

  /** Null when the list was not given. */
  list(row: ListElement): readonly ListItem[] | null {
    const given = this.given(row.path)
    if (given === undefined) {
      this.settle(row, row.default)
      return null
    }
    const path = pathOf(row.path, row.item)
    const items = given.children.filter((child) => child.name === row.item)
    for (const item of items) {
      for (const child of item.children) {
        const itemPath = pathOf(this.#path, path)
        this.#reporter.complainOfUnknown(child, itemPath, pathOf(itemPath, child.name))
      }
    }
    const taken = items.filter(({ text, place }) => {
      if (text !== '' && (row.words?.includes(text) ?? true)) return true
      this.complain(path, {
        severity: 'warning',
        ...place,
        found: quoted(text),
        expected: row.words === null ? 'a text' : `one of ${row.words.join(', ')}`,
        consequence: 'it is left out',
      })
      return false
    })
    this.settle(row, taken.length === 0 ? null : taken.map(({ text }) => text))
    return taken
  }

  /** Notes the value that an element has in the end, and gives it back. */
  settle<Value extends number | boolean | string | readonly string[] | null>(
    row: ListenerElement,
    value: Value,
    standard: number | boolean | string | readonly string[] | null = row.default,
  ): Value {
    const text = showValue(row, value)
    this.#effective.set(row, { value: text, isDefault: text === showValue(row, standard) })
    return value
  }

  /** All that was read; the section goes by a name. */
  effective(name: string): readonly EffectiveSetting[] {
    return [...this.#effective].map(([row, settled]) => {
      const path = row.type === 'list' ? pathOf(row.path, row.item) : row.path
      const given = this.given(row.path)
      const isGiven = given !== undefined && (given.text !== '' || given.children.length > 0)
      return {
        ...settled,
        path: `${this.#path}[${name}]/${path}`,
        place: isGiven ? given.place : null,
        legacyPath: null,
      }
    })
  }

  /** An error about the element of a path, or where it is missing about the section that should hold it. */
  refuse(path: string, complaint: Pick<Complaint, 'found' | 'expected'>): void {
    this.complain(path, { severity: 'error', ...this.placeOf(path), consequence: DOES_NOT_START, ...complaint })
  }

  /** A warning even where mistakes are errors: about what is read as it stands, but may not be meant. */
  advise(path: string, complaint: Pick<Complaint, 'found' | 'expected' | 'consequence'>): void {
    this.#reporter.advise({ ...complaint, ...this.placeOf(path), path: pathOf(this.#path, path) })
  }

  complain(path: string, complaint: Omit<Complaint, 'file' | 'path'>): void {
    this.#reporter.complain({ ...complaint, path: pathOf(this.#path, path) })
  }

  placeOf(path: string): Place {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const given = this.given(at)
      if (given !== undefined) return given.place
    }
    return this.section.place
  }

  #value(row: IntegerElement | BooleanElement<boolean | null> | EnumElement): number | boolean | string | null {
    const given = this.given(row.path)
    if (given === undefined) return row.default
    const { value, isAsWritten } = parseValue(row, given.text)
    if (!isAsWritten) {
      this.complain(row.path, {
        severity: 'warning',
        ...given.place,
        found: quoted(given.text),
        expected: describeValues(row),
        consequence: value === row.default ? `the default, ${value}, is used` : `${value} is used`,
      })
    }
    return value
  }
}
