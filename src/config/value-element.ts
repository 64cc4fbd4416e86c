// SPDX-License-Identifier: Apache-2.0

// What an element of config.xml can hold. Rows of these types are the one description of the file: they are read by, the
// document and the schema are held to them.

interface ElementBase<T> {
  readonly path: string
  /** What it is when it is left out or empty. */
  readonly default: T
}

/** HiveMQ keeps an `int` in 32 bits and a `long` in 64. */
export interface IntegerElement extends ElementBase<number> {
  readonly type: 'int' | 'long'
  readonly min: number
  readonly max: number
  /** What a smaller value becomes. */
  readonly below: number
  /** What a larger value becomes. */
  readonly above: number
}

export interface BooleanElement<Default extends boolean | null = boolean> extends ElementBase<Default> {
  readonly type: 'boolean'
}

export interface EnumElement<Word extends string = string> extends ElementBase<Word> {
  readonly type: 'enum'
  readonly words: readonly Word[]
}

/** Any text, blanks around it trimmed. */
export interface TextElement extends ElementBase<string> {
  readonly type: 'text'
}

/** A file's name; a relative one counts from the home folder. */
export interface FileElement extends ElementBase<null> {
  readonly type: 'file'
}

/** Text as it stands, blanks included, that is never shown. */
export interface SecretElement extends ElementBase<string> {
  readonly type: 'secret'
}

/** There is no default: what opens a port is asked for. */
export interface PortElement extends ElementBase<null> {
  readonly type: 'port'
}

/** Elements named `item`, each of which holds text. */
export interface ListElement extends ElementBase<readonly string[] | null> {
  readonly type: 'list'
  readonly item: string
  /** The only texts that may be given; null for any. */
  readonly words: readonly string[] | null
}

export type ListenerElement =
  | IntegerElement
  | BooleanElement<boolean | null>
  | EnumElement
  | TextElement
  | FileElement
  | SecretElement
  | PortElement
  | ListElement

/** Where HiveMQ has no limit but that of a long: as far as a number counts exactly. */
export const UNLIMITED: number = Number.MAX_SAFE_INTEGER

export const INT_MAX = 0x7fff_ffff
