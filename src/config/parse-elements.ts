// SPDX-License-Identifier: Apache-2.0
import { parseXml, type XmlDocument, XmlElement, XmlError, XmlText } from '@rgrove/parse-xml'
import { DOES_NOT_START } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { findForbiddenMarkup } from '../util/markup-guard.ts'
import type { Reporter } from './reporter.ts'
import type { SourceText } from './source-text.ts'

/** The root element, or null after a complaint. */
export function parseElements(source: SourceText, reporter: Reporter): ConfigElement | null {
  if (source.text.trim() === '') {
    refuse(source, reporter, 0, 'an empty file', 'the element hivemq')
    return null
  }
  const forbidden = findForbiddenMarkup(source.text)
  if (forbidden !== null) {
    refuse(source, reporter, forbidden.offset, forbidden.found, forbidden.expected)
    return null
  }
  let document: XmlDocument
  try {
    document = parseXml(source.text, { includeOffsets: true })
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    refuse(source, reporter, codeUnits(source.text, error.pos), reasonOf(error), expectedInsteadOf(error))
    return null
  }
  const root = document.root!
  complainOfNamespace(root, source, reporter)
  return toConfigElement(root, source)
}

function refuse(source: SourceText, reporter: Reporter, offset: number, found: string, expected: string): void {
  reporter.complain({
    severity: 'error',
    ...source.place(offset),
    path: '',
    found,
    expected,
    consequence: DOES_NOT_START,
  })
}

/** The recursion is bounded: deeper files were refused. */
function toConfigElement(element: XmlElement, source: SourceText): ConfigElement {
  let text = ''
  const children: ConfigElement[] = []
  for (const child of element.children) {
    if (child instanceof XmlElement) children.push(toConfigElement(child, source))
    else if (child instanceof XmlText) text += child.text
  }
  const attributes = Object.keys(element.attributes).filter((name) => !/^(?:xmlns|xml|xsi)(?::|$)/.test(name))
  const place = source.place(element.start)
  return { name: localName(element), text: text.trim(), rawText: text, attributes, children, place }
}

function localName(element: XmlElement): string {
  return element.name.slice(element.name.lastIndexOf(':') + 1)
}

/** HiveMQ ignores elements that are in a namespace, all of them when the root declares a default one. */
function complainOfNamespace(root: XmlElement, source: SourceText, reporter: Reporter): void {
  const element = firstInNamespace(root)
  if (element === null) return
  reporter.complain({
    severity: 'warning',
    ...source.place(element.start),
    path: '',
    found: `the element ${localName(element)} in a namespace`,
    expected: 'elements without a namespace',
    consequence: 'namespaces are not looked at here, but HiveMQ ignores such elements',
  })
}

function firstInNamespace(element: XmlElement): XmlElement | null {
  if (element.name.includes(':') || (element.attributes['xmlns'] ?? '') !== '') return element
  for (const child of element.children) {
    const found = child instanceof XmlElement ? firstInNamespace(child) : null
    if (found !== null) return found
  }
  return null
}

/**
 * The parser's message without its excerpt of the file and without the name of an unknown entity: both may be a piece of a
 * password.
 */
function reasonOf(error: XmlError): string {
  const message = error.message.split('\n')[0]!.replace(/ \(line \d+, column \d+\)$/, '')
  return message.startsWith("Named entity isn't defined") ? 'an entity that XML does not define' : `"${message}"`
}

/** What to do about the two faults that a parser's words do not tell. */
function expectedInsteadOf({ message }: XmlError): string {
  if (message.startsWith('Unterminated reference')) return 'well-formed XML, with &amp; in place of &'
  if (message.startsWith("XML declaration isn't allowed")) return 'the declaration at the very start of the file'
  return 'well-formed XML'
}

/** The offset in UTF-16 code units of a position that the parser counts in characters. */
function codeUnits(text: string, position: number): number {
  let offset = 0
  for (let i = 0; i < position && offset < text.length; i++) offset += text.codePointAt(offset)! > 0xffff ? 2 : 1
  return offset
}
