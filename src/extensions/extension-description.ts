// SPDX-License-Identifier: Apache-2.0
import type { ExtensionInformation } from '../extension-sdk/extension.ts'
import { readXml, type XmlElement, XmlFault } from '../extension-sdk/xml.ts'

const DEFAULT_PRIORITY = 0
const DEFAULT_START_PRIORITY = 1000

/** An extension that cannot be started because of what its description says. */
export class InvalidDescription {
  readonly file: string
  readonly reason: string

  constructor(file: string, reason: string) {
    this.file = file
    this.reason = reason
  }
}

/** Reads hivemq-extension.xml. */
export function fromXml(file: string, text: string, homeFolder: string): ExtensionInformation | InvalidDescription {
  let root: XmlElement
  try {
    root = readXml(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error
    return new InvalidDescription(`${file}:${error.line}:${error.column}`, error.message)
  }
  if (root.name !== 'hivemq-extension') {
    return new InvalidDescription(file, `the root element is <${root.name}>, expected <hivemq-extension>`)
  }
  const valueOf = (name: string): string | undefined =>
    root.children.findLast((child) => child.name === name)?.text.trim()
  const places = Object.fromEntries(root.children.map(({ name, line, column }) => [name, `${file}:${line}:${column}`]))
  return toInformation(file, places, homeFolder, {
    id: valueOf('id'),
    name: valueOf('name'),
    version: valueOf('version'),
    author: valueOf('author'),
    priority: valueOf('priority'),
    'start-priority': valueOf('start-priority'),
  })
}

/**
 * Reads package.json: `version`, `author` and `main` are npm's own, the rest stands below `waggle`. Null for a package that does
 * not say it is an extension.
 */
export function fromPackageJson(
  file: string,
  text: string,
  homeFolder: string,
): { information: ExtensionInformation; main: string | undefined } | InvalidDescription | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    return new InvalidDescription(file, String(error instanceof Error ? error.message : error))
  }
  if (!isRecord(json) || !isRecord(json['waggle'])) return null
  const { waggle, main } = json
  const { author } = json
  const information = toInformation(file, {}, homeFolder, {
    id: waggle['id'] ?? json['name'],
    name: waggle['name'] ?? json['name'],
    version: json['version'],
    author: isRecord(author) ? author['name'] : author,
    priority: waggle['priority'],
    'start-priority': waggle['startPriority'],
  })
  if (information instanceof InvalidDescription) return information
  return { information, main: typeof main === 'string' ? main : undefined }
}

type Values = Readonly<Record<'id' | 'name' | 'version' | 'author' | 'priority' | 'start-priority', unknown>>

function toInformation(
  file: string,
  places: Readonly<Record<string, string>>,
  homeFolder: string,
  values: Values,
): ExtensionInformation | InvalidDescription {
  const texts: Record<'id' | 'name' | 'version', string> = { id: '', name: '', version: '' }
  for (const key of ['id', 'name', 'version'] as const) {
    const value = values[key]
    if (typeof value !== 'string' || value === '') {
      return new InvalidDescription(places[key] ?? file, `${key} is missing or empty`)
    }
    texts[key] = value
  }
  const priority = wholeNumber(values.priority, DEFAULT_PRIORITY)
  if (priority === null) return noWholeNumber(places['priority'] ?? file, 'priority', values.priority)
  const startPriority = wholeNumber(values['start-priority'], DEFAULT_START_PRIORITY)
  if (startPriority === null) {
    return noWholeNumber(places['start-priority'] ?? file, 'start-priority', values['start-priority'])
  }
  const author = typeof values.author === 'string' && values.author !== '' ? values.author : undefined
  return { ...texts, author, homeFolder, priority, startPriority }
}

function noWholeNumber(place: string, key: string, found: unknown): InvalidDescription {
  return new InvalidDescription(place, `${key}: found "${String(found)}", expected a whole number`)
}

function wholeNumber(value: unknown, fallback: number): number | null {
  if (value === undefined || value === '') return fallback
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^[+-]?\d+$/.test(value))
  const number = isNumber ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) ? number : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
