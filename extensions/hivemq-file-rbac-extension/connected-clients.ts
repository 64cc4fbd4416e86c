// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import {
  type ClientContext,
  type ConnectionInformation,
  type ExtensionLogger,
  type GrantedSubscription,
  NoSuchClientError,
  type QoS,
  ReasonCode,
  type Services,
  type TopicPermission,
} from 'waggle/extension'
import type { Credentials, User } from './credentials.ts'
import type { ExtensionConfig } from './extension-config.ts'
import { permissionsOf } from './permissions-of.ts'
import { RoleChanges } from './role-changes.ts'

/** By what a client was let in. */
export interface Login {
  user: User
  /** Its password was not asked for. */
  readonly isByCertificate: boolean
  /** Where the user and its roles come from. */
  credentials: Credentials
  permissions: readonly TopicPermission[]
  /** Its subscriptions have not been looked at, or it should have been disconnected: services may refuse, for their rate. */
  isUnsettled?: boolean
}

type Outcome = 'unchanged' | 'updated' | 'disconnected' | 'failed'

const LOGIN = 'login'
/** In one turn of the event loop; a client with 200 permissions takes 0.2 ms. */
const CLIENTS_PER_TURN = 20

const GONE = 'The user is not there any more'
const OTHER_PASSWORD = 'The password of the user has changed'
const OTHER_PERMISSIONS = 'The permissions of the user have changed'
const NOT_SUBSCRIBED = 'A subscription is not permitted any more'

export interface ConnectedClientsParts {
  readonly mode: ExtensionConfig['connectedClients']
  readonly plusCoversHash: boolean
  readonly services: Pick<Services, 'clients' | 'subscriptions'>
  readonly log: ExtensionLogger
  readonly credentials: () => Credentials | null
}

/** Who is connected, and what becomes of it when credentials.xml changes. Not there where they keep what they have. */
export class ConnectedClients {
  readonly #parts: ConnectedClientsParts
  readonly #clients = new Map<Login, ClientContext>()

  constructor(parts: ConnectedClientsParts) {
    this.#parts = parts
  }

  /** A client was let in. It stands with its connection, so that it is found when the extension was disabled and enabled again. */
  remember({ attributes }: ConnectionInformation, login: Login): void {
    attributes.set(LOGIN, login)
  }

  forget({ attributes }: ConnectionInformation): void {
    this.#clients.delete(attributes.get(LOGIN) as Login)
  }

  /**
   * The client is there, before CONNACK. What its session has subscribed to, it may have done by other rules; and the file may have
   * changed since it was let in.
   */
  add(context: ClientContext): void {
    const login = context.connection.attributes.get(LOGIN) as Login | undefined
    // Another extension has let it in.
    if (login === undefined) return
    this.#clients.set(login, context)
    const credentials = this.#parts.credentials()
    if (credentials === null) return
    const isUpToDate = login.credentials === credentials
    const done = isUpToDate ? this.#withdraw(login, context) : this.#reEvaluate(login, context, credentials)
    done.catch((error: Error) => {
      this.#parts.log.warn(`Subscriptions of client ${context.client.clientId} were not looked at: ${error.message}`)
    })
  }

  /** The file has changed. Everybody else gets a turn in between. */
  async reEvaluate(): Promise<void> {
    const outcomes: Promise<Outcome>[] = []
    for (const [login, context] of this.#clients) {
      // Each time anew: the next file may have come meanwhile.
      const credentials = this.#parts.credentials()
      // It may have gone meanwhile, or be up to date because it has just come.
      if (credentials === null || !this.#clients.has(login)) continue
      if (login.credentials === credentials && login.isUnsettled !== true) continue
      // Permissions are replaced in this turn. To be disconnected takes until that is on the disk: nobody waits for others.
      outcomes.push(this.#reEvaluate(login, context, credentials).catch(() => 'failed' as const))
      if (outcomes.length % CLIENTS_PER_TURN === 0) await endOfTurn()
    }
    if (outcomes.length === 0) return
    const all = await Promise.all(outcomes)
    const count = (wanted: Outcome): number => all.filter((outcome) => outcome === wanted).length
    const [updated, disconnected, failed] = [count('updated'), count('disconnected'), count('failed')]
    this.#parts.log.info(`Of ${all.length} clients ${updated} have new permissions, ${disconnected} were disconnected`)
    if (failed > 0)
      this.#parts.log.warn(
        `Services have refused what was to be done for ${failed}: they are tried again at the next look`,
      )
  }

  async #reEvaluate(login: Login, context: ClientContext, credentials: Credentials): Promise<Outcome> {
    const { name, passwordText } = login.user
    const user = credentials.users.get(name)
    if (user === undefined) return this.#disconnect(login, context, GONE)
    if (!login.isByCertificate && user.passwordText !== passwordText) {
      return this.#disconnect(login, context, OTHER_PASSWORD)
    }
    const isSame = RoleChanges.between(login.credentials, credentials).areSame(login.user, user)
    login.credentials = credentials
    login.user = user
    if (isSame && login.isUnsettled !== true) return 'unchanged'
    const { defaultPermissions, client } = context
    for (const permission of login.permissions) defaultPermissions.remove(permission)
    login.permissions = permissionsOf(user, credentials, client.clientId, this.#parts.plusCoversHash)
    try {
      defaultPermissions.add(...login.permissions)
    } catch {
      // Its names make no topic filter of one of them: it could not log in now.
      return this.#disconnect(login, context, OTHER_PERMISSIONS)
    }
    const wasWithdrawn = await this.#withdraw(login, context)
    if (wasWithdrawn) return 'disconnected'
    return this.#parts.mode === 'disconnect' ? this.#disconnect(login, context, OTHER_PERMISSIONS) : 'updated'
  }

  /**
   * Takes away subscriptions that are not permitted any more: permissions are not looked at when messages are delivered. MQTT has no
   * word for it, so the client is disconnected: it must not go on waiting for what will never come.
   */
  async #withdraw(login: Login, context: ClientContext): Promise<boolean> {
    const { subscriptions } = this.#parts.services
    login.isUnsettled = true
    const { clientId } = context.client
    const withdrawn = (await subscriptions.get(clientId)).filter((each) => !isPermitted(context, each))
    login.isUnsettled = withdrawn.length > 0
    if (withdrawn.length === 0 || !this.#clients.has(login)) return false
    try {
      await subscriptions.remove(clientId, ...withdrawn.map(({ topicFilter }) => topicFilter))
    } catch (error) {
      // Its session has ended meanwhile.
      if (error instanceof NoSuchClientError) return false
      throw error
    }
    await this.#disconnect(login, context, NOT_SUBSCRIBED)
    return true
  }

  async #disconnect(login: Login, { client }: ClientContext, reasonString: string): Promise<'disconnected'> {
    // Another connection may have taken its place.
    if (this.#clients.has(login)) {
      login.isUnsettled = true
      await this.#parts.services.clients.disconnect(client.clientId, {
        reasonCode: ReasonCode.NOT_AUTHORIZED,
        reasonString,
      })
      this.#clients.delete(login)
    }
    return 'disconnected'
  }
}

/** Of what was asked for less may have been granted: any QoS from there up will do. */
function isPermitted({ defaultPermissions }: ClientContext, { topicFilter, qos }: GrantedSubscription): boolean {
  const atLeast = ([0, 1, 2] as const).filter((level): level is QoS => level >= qos)
  return atLeast.some((level) => defaultPermissions.maySubscribe(topicFilter, level))
}
