// SPDX-License-Identifier: Apache-2.0
import { readXml, type XmlElement, XmlFault } from 'waggle/extension'
import {
  ACTIVITIES,
  type Credentials,
  type Permission,
  QOS,
  RETAIN,
  type Role,
  SHARED_SUBSCRIPTION,
  type User,
} from './credentials.ts'
import type { ExtensionConfig } from './extension-config.ts'
import { NEVER_MATCHES, readStoredPassword } from './stored-password.ts'

export interface CredentialsReading {
  /** Null when there is a problem. */
  readonly credentials: Credentials | null
  /** Each makes the file invalid as a whole. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

type Settings = Pick<ExtensionConfig, 'passwordType' | 'repeatedTopic' | 'plusCoversHash'>

const ROOT = 'file-rbac'

/** Reads credentials.xml with HiveMQ's rules; everything that is wrong with it is said at once. */
export function readCredentials(text: string, settings: Settings): CredentialsReading {
  let root: XmlElement
  try {
    root = readXml(text)
  } catch (error) {
    if (!(error instanceof XmlFault)) throw error
    return { credentials: null, problems: [`line ${error.line}: ${error.message}`], warnings: [] }
  }
  const reader = new Reader(settings)
  const credentials = reader.read(root)
  const { problems, warnings } = reader
  return { credentials: problems.length === 0 ? credentials : null, problems, warnings }
}

class Reader {
  readonly problems: string[] = []
  readonly warnings: string[] = []
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  read(root: XmlElement): Credentials | null {
    if (root.name !== ROOT) {
      this.#problem(root, `found the root element ${root.name}, expected ${ROOT}`)
      return null
    }
    const users = this.#entries(root, 'users', 'user')
    const roles = this.#entries(root, 'roles', 'role')
    if (users.length === 0) this.#problem(root, 'there are no users')
    if (roles.length === 0) this.#problem(root, 'there are no roles')
    if (users.length === 0 || roles.length === 0) return null
    const rolesById = this.#readRoles(roles)
    if (this.#settings.plusCoversHash === null) this.#warnOfPlus(rolesById)
    return { roles: rolesById, users: this.#readUsers(users, rolesById) }
  }

  #readRoles(elements: readonly XmlElement[]): Map<string, Role> {
    const roles = new Map<string, Role>()
    for (const element of elements) {
      const id = this.#last(element, 'id')?.text ?? ''
      if (id === '') this.#problem(element, 'a role has no id')
      else if (roles.has(id)) {
        this.#problem(element, `another role has the id ${quoted(id)} already`)
        continue
      }
      const given = this.#entries(element, 'permissions', 'permission')
      if (given.length === 0) this.#problem(element, `role ${quoted(id)} has no permissions`)
      roles.set(id, { id, permissions: given.flatMap((permission) => this.#readPermission(permission, id)) })
    }
    return roles
  }

  /**
   * One line for the whole file: these permissions are as good as any, unless some client makes use of what HiveMQ gives it beyond
   * them. That client would be refused without a word of why.
   */
  #warnOfPlus(roles: ReadonlyMap<string, Role>): void {
    const lines = [...roles.values()]
      .flatMap(({ permissions }) => permissions)
      .filter(({ topic, activity }) => activity !== 'PUBLISH' && ENDS_IN_PLUS.test(topic))
      .map(({ line }) => line)
    if (lines.length === 0) return
    const listed = lines.slice(0, MOST_LINES).join(', ')
    const more = lines.length > MOST_LINES ? ` and ${lines.length - MOST_LINES} more` : ''
    this.warnings.push(
      `lines ${listed}${more}: topics that end in + or +/# do not allow to subscribe to # in that place, in HiveMQ they do; plus-covers-hash in the configuration makes it so (true), or says that it is known (false)`,
    )
  }

  /** One for each topic. */
  #readPermission(element: XmlElement, role: string): Permission[] {
    const topics = this.#topicsOf(element, role)
    if (topics.length === 0) this.#problem(element, `a permission of role ${quoted(role)} has no topic`)
    const rest = {
      activity: this.#word(element, 'activity', ACTIVITIES),
      qos: this.#word(element, 'qos', QOS),
      retain: this.#word(element, 'retain', RETAIN),
      sharedSubscription: this.#word(element, 'shared-subscription', SHARED_SUBSCRIPTION),
      sharedGroup: this.#sharedGroup(element),
    }
    return topics.map(({ text, line }) => ({ topic: text, line, ...rest }))
  }

  #topicsOf(element: XmlElement, role: string): XmlElement[] {
    const all = element.children.filter(({ name }) => name === 'topic')
    if (all.length > 1) {
      const lines = all.map(({ line }) => line).join(', ')
      const isAll = this.#settings.repeatedTopic === 'all'
      const outcome = isAll
        ? 'all of them count; HiveMQ takes the last one alone'
        : 'the last one counts, as in HiveMQ; with repeated-topic all in the configuration all would'
      this.warnings.push(
        `line ${element.line}: a permission of role ${quoted(role)} has several topics (lines ${lines}): ${outcome}`,
      )
    }
    const counted = this.#settings.repeatedTopic === 'all' ? all : all.slice(-1)
    return counted.filter(({ text }) => text !== '')
  }

  #sharedGroup(element: XmlElement): string {
    const given = this.#last(element, 'shared-group')
    if (given === undefined || given.text === '' || given.text === '#') return '#'
    if (/[#+/]/.test(given.text)) {
      this.#problem(given, `found the shared-group ${quoted(given.text)}, expected # or the name of a group`)
    }
    return given.text
  }

  #readUsers(elements: readonly XmlElement[], roles: ReadonlyMap<string, Role>): Map<string, User> {
    const users = new Map<string, User>()
    for (const element of elements) {
      const name = this.#last(element, 'name')?.text ?? ''
      if (name === '') this.#problem(element, 'a user has no name')
      else if (users.has(name)) {
        this.#problem(element, `another user has the name ${quoted(name)} already`)
        continue
      }
      const ids = this.#entries(element, 'roles', 'id')
      if (ids.length === 0) this.#problem(element, `user ${quoted(name)} has no roles`)
      for (const id of ids) {
        if (id.text === '') this.#problem(id, `a role of user ${quoted(name)} is empty`)
        else if (!roles.has(id.text)) this.#problem(id, `user ${quoted(name)} has the unknown role ${quoted(id.text)}`)
      }
      const passwordText = this.#last(element, 'password')?.text ?? ''
      const password = this.#readPassword(element, name)
      users.set(name, { name, password, passwordText, roles: ids.map(({ text }) => text) })
    }
    return users
  }

  #readPassword(element: XmlElement, user: string): User['password'] {
    const given = this.#last(element, 'password')
    if (given === undefined || given.text === '') {
      this.#problem(element, `user ${quoted(user)} has no password`)
      return NEVER_MATCHES
    }
    // What it is, is not said: it may be the password itself, in a file of hashes.
    const { password, problem, isAcceptedByHivemq } = readStoredPassword(given.text, this.#settings.passwordType)
    if (problem === null) return password
    const text = `the password of user ${quoted(user)} ${problem}`
    if (isAcceptedByHivemq) this.warnings.push(`line ${given.line}: ${text}; the user cannot log in`)
    else this.#problem(given, text)
    return password
  }

  /** The elements of a list; of a list that is given again the last one counts. */
  #entries(parent: XmlElement, listName: string, name: string): XmlElement[] {
    return this.#last(parent, listName)?.children.filter((child) => child.name === name) ?? []
  }

  #last(parent: XmlElement, name: string): XmlElement | undefined {
    const all = parent.children.filter((child) => child.name === name)
    if (all.length > 1) this.warnings.push(`line ${all[0]!.line}: ${name} is given again: the last one counts`)
    return all.at(-1)
  }

  /** `ALL` unless given. Text is not trimmed, as in HiveMQ: a word with blanks around it is another word. */
  #word<W extends string>(parent: XmlElement, name: string, words: readonly W[]): W {
    const element = this.#last(parent, name)
    const standard = words.at(-1)!
    if (element === undefined || element.text === '') return standard
    const word = words.find((candidate) => candidate === element.text)
    if (word !== undefined) return word
    this.#problem(element, `${name}: found ${quoted(element.text)}, expected one of ${words.join(', ')}`)
    return standard
  }

  #problem(element: XmlElement, text: string): void {
    this.problems.push(`line ${element.line}: ${text}`)
  }
}

const LONGEST_QUOTE = 80
/** Of those that one warning names. */
const MOST_LINES = 20
const ENDS_IN_PLUS = /(?:^|\/)\+(?:\/#)?\/*$/

function quoted(text: string): string {
  return JSON.stringify(text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`)
}
