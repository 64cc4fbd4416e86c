// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { collectValues } from './collect-values.ts'
import { type Complaint, DOES_NOT_START, type Place, quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { pathOf } from './element-paths.ts'
import { describeValues, parseInteger, parseValue } from './parse-value.ts'
import type { Reporter } from './reporter.ts'
import type {
  BooleanElement,
  EnumElement,
  FileElement,
  IntegerElement,
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
    return this.given(row.path)?.text || row.default
  }

  /** Absolute; null when none was given. */
  file(row: FileElement): string | null {
    const name = this.given(row.path)?.text ?? ''
    return name === '' ? row.default : resolve(this.#home, name)
  }

  secret(row: SecretElement): string {
    return this.given(row.path)?.rawText ?? row.default
  }

  integer(row: IntegerElement): number {
    return this.#value(row) as number
  }

  boolean<Default extends boolean | null>(row: BooleanElement<Default>): boolean | Default {
    return this.#value(row) as boolean | Default
  }

  word<Word extends string>(row: EnumElement<Word>): Word {
    return this.#value(row) as Word
  }

  /** HiveMQ opens any free port when this one is missing or no number; here that is an error. */
  port(row: PortElement): number | null {
    const given = this.given(row.path)
    const port = given === undefined ? null : parseInteger(given.text)
    if (port !== null && port >= 1 && port <= MAX_PORT) return port
    this.refuse(row.path, {
      found: given === undefined ? 'no such element' : quoted(given.text),
      expected: `a whole number from 1 to ${MAX_PORT}`,
    })
    return null
  }

  /** Null when the list was not given. */
  list(row: ListElement): readonly ListItem[] | null {
    const given = this.given(row.path)
    if (given === undefined) return null
    const path = pathOf(row.path, row.item)
    const items = given.children.filter((child) => child.name === row.item)
    for (const item of items) {
      for (const child of item.children) {
        const itemPath = pathOf(this.#path, path)
        this.#reporter.complainOfUnknown(child, itemPath, pathOf(itemPath, child.name))
      }
    }
    return items.filter(({ text, place }) => {
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
