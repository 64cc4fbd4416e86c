// SPDX-License-Identifier: Apache-2.0
import { parseXml, type XmlDocument, XmlElement as Element, XmlError, XmlText } from '@rgrove/parse-xml'
import { lineIndex, type Place } from '../util/line-index.ts'
import { findForbiddenMarkup } from '../util/markup-guard.ts'

/** An element of a configuration file, with what is needed to complain about it. */
export interface XmlElement extends Place {
  readonly name: string
  /** Its own text, as it stands there: not trimmed. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

/** The text is not XML, or XML that is not taken. */
export class XmlFault extends Error {
  override readonly name = 'XmlFault'
  readonly line: number
  readonly column: number

  constructor(message: string, place: Place) {
    super(message)
    this.line = place.line
    this.column = place.column
  }
}

/**
 * Reads the XML of a configuration file: elements and their text, no more. A DOCTYPE is refused, since its entities can expand
 * without end. Throws XmlFault.
 */
export function readXml(text: string): XmlElement {
  const place = lineIndex(text)
  const forbidden = findForbiddenMarkup(text)
  if (forbidden !== null) {
    throw new XmlFault(`found ${forbidden.found}, expected ${forbidden.expected}`, place(forbidden.offset))
  }
  let document: XmlDocument
  try {
    document = parseXml(text, { includeOffsets: true })
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    // Its message goes on with an excerpt of the file, which may hold passwords.
    const [reason = ''] = error.message.split('\n')
    throw new XmlFault(reason.replace(/ \(line \d+, column \d+\)$/, ''), error)
  }
  return toXmlElement(document.root!, place)
}

/** The recursion is bounded: deeper texts were refused. */
function toXmlElement(element: Element, place: (offset: number) => Place): XmlElement {
  let text = ''
  const children: XmlElement[] = []
  for (const child of element.children) {
    if (child instanceof Element) children.push(toXmlElement(child, place))
    else if (child instanceof XmlText) text += child.text
  }
  return { name: element.name, text, children, ...place(element.start) }
}
