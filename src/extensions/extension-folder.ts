// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type ExtensionInformation } from '../extension-sdk/extension.ts'
import { fromPackageJson, fromXml, InvalidDescription } from './extension-description.ts'

/** How the code of an extension is found when package.json does not say. */
const ENTRY_FILES = ['extension.ts', 'extension.mts', 'extension.js', 'extension.mjs']
export const DISABLED_FILE = 'DISABLED'
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** One folder of the extensions folder, as far as it is an extension. */
export interface ExtensionFolder {
  readonly information: ExtensionInformation
  /** What its description says, literally. */
  readonly description: string
  readonly isDisabled: boolean
  /** The file with its code; null for one that has none: it may be a Java extension. */
  readonly entry: string | null
  readonly hasJar: boolean
}

/** Folders that are no extensions are null, those that are meant to be one and are not are InvalidDescription. */
export async function readExtensionFolder(folder: string): Promise<ExtensionFolder | InvalidDescription | null> {
  if (!(await isFolder(folder))) return null
  const names = await readdir(folder)
  const description = await readDescription(folder, names)
  if (description === null || description instanceof InvalidDescription) return description
  const { information, main, text } = description
  // HiveMQ's rule: a copy beside the original, under another name, must not start a second time.
  if (information.id !== basename(folder)) {
    return new InvalidDescription(folder, `the id is "${information.id}", expected the name of the folder`)
  }
  const entry = main ?? ENTRY_FILES.find((name) => names.includes(name))
  return {
    information,
    description: text,
    isDisabled: names.includes(DISABLED_FILE),
    entry: entry === undefined ? null : join(folder, entry),
    hasJar: names.some((name) => name.endsWith('.jar')),
  }
}

interface Description {
  readonly information: ExtensionInformation
  readonly main: string | undefined
  readonly text: string
}

async function readDescription(
  folder: string,
  names: readonly string[],
): Promise<Description | InvalidDescription | null> {
  const xml = names.includes('hivemq-extension.xml') ? join(folder, 'hivemq-extension.xml') : null
  const json = names.includes('package.json') ? join(folder, 'package.json') : null
  const jsonText = json === null ? '' : await readFile(json, 'utf8')
  const fromJson = json === null ? null : fromPackageJson(json, jsonText, folder)
  // HiveMQ's file wins where both are there; from package.json only the name of the code is taken then.
  if (xml === null) {
    return fromJson === null || fromJson instanceof InvalidDescription ? fromJson : { ...fromJson, text: jsonText }
  }
  const xmlText = await readFile(xml, 'utf8')
  const information = fromXml(xml, xmlText, folder)
  if (information instanceof InvalidDescription) return information
  const main = fromJson === null || fromJson instanceof InvalidDescription ? undefined : fromJson.main
  return { information, main, text: xmlText + jsonText }
}

/** The folders that lie directly in `folder`, in the order of their names. Links count as what they point to. */
export async function subfoldersOf(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.toSorted().map((name) => join(folder, name))
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    // A link to nothing, or gone since the folder was read. A volume that is away for a moment is neither.
    if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}
