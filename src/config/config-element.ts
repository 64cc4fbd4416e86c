// SPDX-License-Identifier: Apache-2.0
import type { Place } from './complaint.ts'

/** An element of an XML file, free of the parser that read it. */
export interface ConfigElement {
  /** The local name: without a namespace prefix. */
  readonly name: string
  /** All text directly within the element, with CDATA and references resolved and blanks around it trimmed. */
  readonly text: string
  /** The same with the blanks, for passwords. */
  readonly rawText: string
  /** Names of its attributes, but those for XML itself: name spaces and schema locations. */
  readonly attributes: readonly string[]
  readonly children: readonly ConfigElement[]
  /** Of the `<` of its start tag. */
  readonly place: Place
}
