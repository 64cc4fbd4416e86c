// SPDX-License-Identifier: Apache-2.0

/** A tag at the line that enforces a statement. CONTRIBUTING.md has the legend. */
export interface SourceTag {
  readonly statement: string
  /** `~` in part, `!` deliberately different. */
  readonly mark: '' | '~' | '!'
  readonly file: string
  /** The function, method or entry of a table around it: a line number would be wrong after every edit above it. */
  readonly declaration: string
}

/** A test with the rows and statements that it names. */
export interface TestCitation {
  readonly file: string
  readonly title: string
  readonly rows: readonly string[]
  readonly statements: readonly string[]
  /** Versions of MQTT that it speaks; undefined where that cannot be read off its text. */
  readonly versions: readonly string[] | undefined
}

/** Any text that looks like a statement, also where it is no tag: as data, or misspelt. */
export interface Mention {
  readonly statement: string
  readonly file: string
}

export function mentionsIn(text: string, file: string): Mention[] {
  const names = new Set(Array.from(text.matchAll(/MQTT4?-\d[\d.-]*\d/g), ([name]) => name))
  return [...names].map((statement) => ({ statement, file }))
}
