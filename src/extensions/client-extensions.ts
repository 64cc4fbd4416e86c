// SPDX-License-Identifier: Apache-2.0
import type {
  AuthenticationVerdict,
  InterceptionVerdict,
  ClientHooks,
  PublishVerdict,
  SubscribeVerdict,
} from '../broker/extension-hooks.ts'
import type { Connection } from '../broker/connection.ts'
import { ConnectionState } from '../broker/connection-state.ts'
import { InterceptedLink } from '../broker/intercepted-link.ts'
import { Permissions } from '../broker/permissions.ts'
import type { Authorizer as BrokerAuthorizer } from '../broker/authorizer.ts'
import type { CloseReason } from '../broker/close-reason.ts'
import type { Disconnect } from '../codec/disconnect.ts'
import type { Auth } from '../codec/auth.ts'
import type { Connack } from '../codec/connack.ts'
import type { Connect, Will } from '../codec/connect.ts'
import type { Packet } from '../codec/packet.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { Publish } from '../codec/publish.ts'
import type { Subscribe } from '../codec/subscribe.ts'
import type { Authorizer } from '../extension-sdk/authorizer.ts'
import type { Awaitable } from '../extension-sdk/callback.ts'
import type { NoAnswer } from './ask.ts'
import { Authentication } from './authentication.ts'
import { authorizePublish, authorizeSubscribe } from './authorization.ts'
import { CallbackSequence } from './callback-sequence.ts'
import { Context, DefaultPermissions } from './client-context.ts'
import { CallbackEvent, ClientFacts } from './client-event.ts'
import { InterceptorList } from './client-interceptors.ts'
import { connackOutbound, connectInbound } from './connection-kinds.ts'
import type { ExtensionHost } from './extension-host.ts'
import { intercept } from './interception.ts'
import { type ClientListener, ConnectingEvent, DisconnectedEvent } from './lifecycle.ts'
import { toAuthPacket, toConnectPacket, toPublishPacket, toWillPacket } from './packet-views.ts'
import { INBOUND_KINDS, OUTBOUND_KINDS } from './packet-kinds.ts'
import type { ClientInitializer, Registration, RunningExtension } from './running-extension.ts'

/** An authorizer for this client. */
export interface ClientAuthorizer {
  readonly registration: Registration<Authorizer>
  readonly authorizer: Authorizer
}

/** One connection and the extensions: who is asked about it, and whose answer it waits for. */
export class ClientExtensions implements ClientHooks {
  readonly connection: Connection
  readonly permissions: Permissions = new Permissions()
  readonly #host: ExtensionHost
  #facts: ClientFacts | null = null
  #authorizers: readonly ClientAuthorizer[] = []
  examinesPublish = false
  examinesSubscribe = false
  readonly interceptors: InterceptorList
  readonly interceptsConnect: boolean
  #outboundLink: InterceptedLink | null = null
  readonly #callbacks: CallbackSequence
  #listeners: readonly ClientListener[] = []
  #isAuthenticated = false
  #isAdmitted = false
  /** Null before it was initialised; whose turn it was, and the permissions as each of them changes them. */
  #initialized: Map<RunningExtension, DefaultPermissions> | null = null
  #authentication: Authentication | null = null

  constructor(host: ExtensionHost, connection: Connection) {
    this.#host = host
    this.connection = connection
    this.#callbacks = new CallbackSequence(host.wheel)
    this.interceptors = new InterceptorList(host.globalInterceptors, () => this.#onInterceptors())
    this.interceptsConnect = this.interceptors.having('connectInbound').length > 0
    // CONNACK comes before anything else is added.
    if (host.globalInterceptors.length > 0) this.#onInterceptors()
  }

  get facts(): ClientFacts {
    return (this.#facts ??= new ClientFacts(this.connection))
  }

  interceptConnect(connect: Connect, answer: (connect: Connect | null) => void): void {
    intercept(this, connectInbound, connect, false, (verdict) => {
      answer('prevented' in verdict ? null : (verdict as Connect))
    })
  }

  get interceptsConnack(): boolean {
    return this.#outboundLink !== null && ((this.#outboundLink.types >> PacketType.CONNACK) & 1) === 1
  }

  interceptConnack(connack: Connack, answer: (connack: Connack | null) => void): void {
    intercept(this, connackOutbound, connack, false, (verdict) => {
      answer('prevented' in verdict ? null : (verdict as Connack))
    })
  }

  interceptInbound(packet: Packet, answer: (verdict: InterceptionVerdict) => void): void {
    intercept(this, INBOUND_KINDS.get(packet.type)!, packet, false, answer)
  }

  interceptOutbound(packet: Packet, answer: (verdict: InterceptionVerdict) => void): void {
    intercept(this, OUTBOUND_KINDS.get(packet.type)!, packet, true, answer)
  }

  authenticate(connect: Connect, answer: (verdict: AuthenticationVerdict) => void): void {
    // What was known while CONNECT was intercepted may have changed with it.
    if (this.#facts !== null) this.#facts = new ClientFacts(this.connection, this.#facts.connection.attributes)
    const packet = toConnectPacket(connect, this.connection.clientId)
    this.#listeners = this.#host.lifecycleListenersFor(this.facts)
    for (const { registration, listener } of this.#listeners) {
      if (listener.onMqttConnectionStart === undefined) continue
      const event = new ConnectingEvent(this.facts, packet)
      this.#notify(registration, 'onMqttConnectionStart', event, () => listener.onMqttConnectionStart!(event))
    }
    const authentication = new Authentication(this, packet, this.#host.authenticators)
    this.#authentication = authentication
    authentication.connect((verdict) => {
      // Only with a method it can go on, or be done anew.
      if (packet.authenticationMethod === undefined) this.#authentication = null
      if ('authorizer' in verdict) this.#chooseAuthorizers()
      // Nobody needs it any more, and what is not there cannot be read from memory.
      if (authentication.isPasswordCleared) connect.password?.fill(0)
      answer(verdict)
    })
  }

  continueAuthentication(auth: Auth, answer: (verdict: AuthenticationVerdict) => void): void {
    this.#authentication!.continue(toAuthPacket(auth), (verdict) => {
      // While the client was asked for more nobody had decided yet.
      if ('authorizer' in verdict && !this.#isAuthenticated) this.#chooseAuthorizers()
      answer(verdict)
    })
  }

  reauthenticate(auth: Auth, answer: (verdict: AuthenticationVerdict) => void): void {
    this.#authentication!.renew(toAuthPacket(auth), answer)
  }

  authorizeWill(will: Will, answer: (verdict: PublishVerdict) => void): void {
    authorizePublish(this, this.#authorizers, toWillPacket(will), true, answer)
  }

  authorizePublish(publish: Publish, answer: (verdict: PublishVerdict) => void): void {
    authorizePublish(this, this.#authorizers, toPublishPacket(publish), false, answer)
  }

  authorizeSubscribe(subscribe: Subscribe, answer: (verdict: SubscribeVerdict) => void): void {
    authorizeSubscribe(this, this.#authorizers, subscribe, answer)
  }

  /** A client about which nothing was said costs no look at an empty list. */
  get authorizer(): BrokerAuthorizer {
    return this.permissions.isUntouched ? this.connection.broker.authorizer : this.permissions
  }

  authenticated(): void {
    this.#isAuthenticated = true
    for (const { registration, listener } of this.#listeners) {
      if (listener.onAuthenticationSuccessful === undefined) continue
      const event = new CallbackEvent(this.facts)
      this.#notify(registration, 'onAuthenticationSuccessful', event, () => listener.onAuthenticationSuccessful!(event))
    }
  }

  initialize(): boolean {
    const { initializers } = this.#host
    this.#initialized = NONE
    for (const initializer of initializers) this.#initialize(initializer)
    return initializers.length > 0
  }

  /**
   * One extension has taken another's place, or one of them is null. The previous one has not been stopped yet: what it thinks
   * about it decides, and from here on it is not asked any more.
   */
  follow(previous: RunningExtension | null, next: RunningExtension | null): void {
    // One that lingers has been said to be gone: what is told of it now would never be taken back.
    if (this.connection.state === ConnectionState.CLOSED) return
    this.#listeners = this.#host.lifecycleListenersFor(this.facts, this.#listeners)
    if (this.#isAdmitted) this.#chooseAuthorizers()
    this.interceptors.replace(previous, next?.globalInterceptors ?? null)
    const initializer = next?.initializer ?? null
    if (this.#initialized === null || initializer === null || this.#initialized.has(initializer.extension)) return
    // Without one in its place what the previous one has given and forbidden stays: else a client could do more than before.
    const { id } = initializer.extension.information
    const earlier = [...this.#initialized].filter(([{ information, isRetired }]) => isRetired && information.id === id)
    const before = this.permissions.list
    for (const [, permissions] of earlier) permissions.takeBack()
    const rest = this.permissions.list
    const isDone = this.#initialize(initializer)
    if (earlier.length === 0) return
    if (!isDone) return this.permissions.replace(before)
    for (const [extension] of earlier) this.#initialized.delete(extension)
    // The first permission that applies decides, so they stand where those of the previous one stood.
    const place = before.findIndex((permission, i) => permission !== rest[i])
    if (place < 0) return
    const given = this.permissions.list.slice(rest.length)
    this.permissions.replace([...rest.slice(0, place), ...given, ...rest.slice(place)])
  }

  /** Whether it has done what it was called for. */
  #initialize({ extension, initialize }: ClientInitializer): boolean {
    const permissions = new DefaultPermissions(this.permissions, extension, () => {
      this.connection.authorizer = this.authorizer
    })
    if (this.#initialized === NONE) this.#initialized = new Map()
    this.#initialized!.set(extension, permissions)
    return extension.call('initialize', 'the client initializer', this.facts.client, () =>
      initialize(new Context(extension, this.facts, permissions, this.interceptors)),
    )
  }

  ended(reason: CloseReason, packet: Disconnect | null): void {
    this.#callbacks.end()
    for (const { registration, listener } of this.#listeners) {
      if (listener.onDisconnect === undefined) continue
      const event = new DisconnectedEvent(this.facts, reason, packet, this.#isAuthenticated)
      this.#notify(registration, 'onDisconnect', event, () => listener.onDisconnect!(event))
    }
  }

  /** Asks one extension. */
  ask<T>(
    registration: Registration<object>,
    callbackName: string,
    event: CallbackEvent,
    callback: () => Awaitable<T>,
    onAnswer: (answer: T | NoAnswer) => void,
    outlivesClient = false,
  ): void {
    this.#callbacks.ask(registration, callbackName, event, callback, onAnswer, outlivesClient)
  }

  /** The broker is told what to show, and shows nothing else. */
  #onInterceptors(): void {
    const { connection, interceptors } = this
    connection.interceptedTypes = interceptors.inboundTypes
    const outboundTypes = interceptors.outboundTypes
    if (outboundTypes === 0 && this.#outboundLink === null) return
    if (this.#outboundLink === null) {
      this.#outboundLink = new InterceptedLink(connection, connection.link)
      connection.link = this.#outboundLink
    }
    this.#outboundLink.types = outboundTypes
  }

  #notify(
    registration: Registration<object>,
    callbackName: string,
    event: CallbackEvent,
    callback: () => Awaitable<void>,
  ): void {
    if (registration.extension.signal.aborted) return
    this.#callbacks.ask(registration, callbackName, event, callback, ignoreAnswer, true)
  }

  /** Each extension says once for each connection whether its authorizer takes part. */
  #chooseAuthorizers(): void {
    this.#isAdmitted = true
    const chosen = this.#host.authorizersFor(this.facts, this.#authorizers)
    // Somebody decided about this client: when nobody does any more, that must not be as if nobody ever had.
    const gone = this.#authorizers.filter(({ registration: { extension } }) => {
      return !chosen.some((each) => each.registration.extension.information.id === extension.information.id)
    })
    this.#authorizers = [...chosen, ...gone]
    this.examinesPublish = this.#authorizers.some(({ authorizer }) => authorizer.authorizePublish !== undefined)
    this.examinesSubscribe = this.#authorizers.some(({ authorizer }) => authorizer.authorizeSubscribe !== undefined)
  }

  /** Who is asked in place of one that was there when the question came up; null for one that is gone. */
  authorizerNow(one: ClientAuthorizer): ClientAuthorizer | null {
    const { extension } = one.registration
    if (!extension.isRetired) return one
    const now = this.#authorizers.find(({ registration: { extension: other } }) => {
      return !other.isRetired && other.information.id === extension.information.id
    })
    return now ?? null
  }
}

/** Most clients are in nobody's hands: one empty map for all of them. */
const NONE = new Map<RunningExtension, DefaultPermissions>()

function ignoreAnswer(): void {}
