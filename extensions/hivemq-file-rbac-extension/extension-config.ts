// SPDX-License-Identifier: Apache-2.0
import { readXml, type XmlElement, XmlFault } from 'waggle/extension'

export type PasswordType = 'HASHED' | 'PLAIN'

/** What the configuration of the extension says; the names are HiveMQ's, those below `waggle` ours. */
export interface ExtensionConfig {
  /** credentials-reload-interval, seconds */
  readonly credentialsReloadIntervalSec: number
  /** listener-names; null for all. */
  readonly listenerNames: ReadonlySet<string> | null
  /** password-type */
  readonly passwordType: PasswordType
  /** next-extension-instead-of-fail */
  readonly nextExtensionInsteadOfFail: boolean
  /** waggle/repeated-topic: of several `topic` in one permission all count, or, as in HiveMQ, the last. */
  readonly repeatedTopic: 'all' | 'last'
  /**
   * waggle/plus-covers-hash: a permission `a/+` allows to subscribe to `a/#`, as in HiveMQ. Null where nobody has decided: it does
   * not, and permissions for which that makes a difference are told.
   */
  readonly plusCoversHash: boolean | null
  /**
   * waggle/connected-clients: what becomes of them when the file changes. As in HiveMQ they `keep` what they could do when they logged in;
   * or those whose user has gone or has another password are disconnected, and those with other permissions are given them
   * (`update`), or disconnected too.
   */
  readonly connectedClients: 'keep' | 'update' | 'disconnect'
  /** waggle/certificate-user-name: where the name of a user stands in its certificate, which then is its password. */
  readonly certificateUserName: 'none' | 'common-name' | 'subject-alternative-name'
}

export const DEFAULT_CONFIG: ExtensionConfig = {
  credentialsReloadIntervalSec: 60,
  listenerNames: null,
  passwordType: 'HASHED',
  nextExtensionInsteadOfFail: false,
  repeatedTopic: 'all',
  plusCoversHash: null,
  connectedClients: 'keep',
  certificateUserName: 'none',
}

export interface ConfigReading {
  readonly config: ExtensionConfig
  readonly warnings: readonly string[]
}

const PLUS_COVERS_HASH = { unset: null, false: false, true: true } as const

const ROOT = 'extension-configuration'

/**
 * Reads extension-config.xml, or conf/config.xml as later versions call it. As in HiveMQ nothing in it keeps the extension
 * from starting: what is wrong becomes its default, and a warning.
 */
export function readExtensionConfig(text: string): ConfigReading {
  let root: XmlElement
  try {
    root = readXml(text)
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error
    return withDefaults(`line ${error.line}: ${error.message}`)
  }
  if (root.name !== ROOT)
    return withDefaults(`line ${root.line}: found the root element ${root.name}, expected ${ROOT}`)
  return readElements(root)
}

function withDefaults(problem: string): ConfigReading {
  return { config: DEFAULT_CONFIG, warnings: [`${problem}; the defaults are used`] }
}

function readElements(root: XmlElement): ConfigReading {
  const warnings: string[] = []
  const waggle = last(root, 'waggle')
  /** The word of an element, which is taken as it stands: blanks around it make it another one, as in HiveMQ. */
  const word = <W extends string>(
    parent: XmlElement | undefined,
    name: string,
    words: readonly W[],
    standard: W,
  ): W => {
    const element = parent === undefined ? undefined : last(parent, name)
    if (element === undefined || element.text === '') return standard
    const found = words.find((candidate) => candidate === element.text)
    if (found !== undefined) return found
    const expected = `expected ${words.join(' or ')}; ${standard} is used`
    warnings.push(`line ${element.line}: ${name}: found ${JSON.stringify(element.text)}, ${expected}`)
    return standard
  }
  const config: ExtensionConfig = {
    credentialsReloadIntervalSec: readInterval(last(root, 'credentials-reload-interval'), warnings),
    listenerNames: readListenerNames(last(root, 'listener-names')),
    passwordType: word(root, 'password-type', ['HASHED', 'PLAIN'], DEFAULT_CONFIG.passwordType),
    // HiveMQ takes any other word for false.
    nextExtensionInsteadOfFail: ['true', '1'].includes(last(root, 'next-extension-instead-of-fail')?.text ?? ''),
    repeatedTopic: word(waggle, 'repeated-topic', ['all', 'last'], DEFAULT_CONFIG.repeatedTopic),
    plusCoversHash: PLUS_COVERS_HASH[word(waggle, 'plus-covers-hash', ['unset', 'false', 'true'], 'unset')],
    connectedClients: word(
      waggle,
      'connected-clients',
      ['keep', 'update', 'disconnect'],
      DEFAULT_CONFIG.connectedClients,
    ),
    certificateUserName: word(
      waggle,
      'certificate-user-name',
      ['none', 'common-name', 'subject-alternative-name'],
      DEFAULT_CONFIG.certificateUserName,
    ),
  }
  return { config, warnings }
}

function readInterval(element: XmlElement | undefined, warnings: string[]): number {
  const standard = DEFAULT_CONFIG.credentialsReloadIntervalSec
  if (element === undefined || element.text === '') return standard
  const seconds = /^\d{1,9}$/.test(element.text) ? Number(element.text) : 0
  if (seconds >= 1) return seconds
  const expected = `expected a whole number of seconds from 1; ${standard} is used`
  warnings.push(`line ${element.line}: ${element.name}: found ${JSON.stringify(element.text)}, ${expected}`)
  return standard
}

function readListenerNames(element: XmlElement | undefined): ReadonlySet<string> | null {
  const names = element?.children.filter(({ name }) => name === 'listener-name').map(({ text }) => text) ?? []
  return names.length === 0 ? null : new Set(names)
}

/** Of elements that are given again the last one counts, as in HiveMQ. */
function last(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.findLast((child) => child.name === name)
}
