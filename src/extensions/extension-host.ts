// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import type { Connection } from '../broker/connection.ts'
import type { ClientHooks, ExtensionHooks } from '../broker/extension-hooks.ts'
import type { Logger } from '../broker/logger.ts'
import type { ExtensionInformation } from '../extension-sdk/extension.ts'
import type { GlobalInterceptors } from '../extension-sdk/interceptors.ts'
import type { ClientLifecycleListener } from '../extension-sdk/lifecycle.ts'
import type { AdminService } from '../extension-sdk/services.ts'
import type { Clock } from '../util/clock.ts'
import { InvariantError } from '../util/invariant.ts'
import { Timer, TimerWheel } from '../util/timer-wheel.ts'
import { BrokerAccess } from './broker-access.ts'
import { CallbackFault } from './callback-fault.ts'
import { CallbackWarnings } from './callback-warnings.ts'
import { CallbackEvent, type ClientFacts, resolvePerClient } from './client-event.ts'
import { type ClientAuthorizer, ClientExtensions } from './client-extensions.ts'
import { clientServiceOf } from './client-service.ts'
import { describeError } from './describe-error.ts'
import type { ExtensionCalls } from './extension-calls.ts'
import { extensionAtWork } from './extension-context.ts'
import type { ExtensionMetrics } from './extension-metrics.ts'
import { ALLOW_ALL_ID, type BundledExtensions, ExtensionRunner } from './extension-runner.ts'
import { ExtensionWatch } from './extension-watch.ts'
import type { ClientListener } from './lifecycle.ts'
import { publishServiceOf } from './publish-service.ts'
import { retainedMessageStoreOf } from './retained-message-store.ts'
import {
  type AuthenticatorRegistration,
  type ClientInitializer,
  type ExtensionEnvironment,
  type Registration,
  type RunningExtension,
} from './running-extension.ts'
import { ownerIn } from './sdk-module.ts'
import { subscriptionStoreOf } from './subscription-store.ts'
import { paced } from './turns.ts'

/** A change is in force after two looks, when its files have stopped changing. */
const LOOK_MS = 1_000

export interface ExtensionHostParts {
  /** Its subfolders are the extensions. */
  readonly folder: string
  /** Extensions of HiveMQ that we have written ourselves, by id: they run in place of the jar. */
  readonly bundled: BundledExtensions
  /** HIVEMQ_ALLOW_ALL_CLIENTS: what is set to anything but `true` switches the allow-all extension off. */
  readonly allowAllClients: string | undefined
  readonly clock: Clock
  readonly logger: Logger
  readonly admin: AdminService
  readonly metrics: ExtensionMetrics
  readonly calls: ExtensionCalls
}

/** Finds, starts and stops extensions, and asks them about clients. */
export class ExtensionHost implements ExtensionHooks {
  /** Time limits of callbacks, and the tasks of extensions. */
  readonly wheel: TimerWheel
  readonly #parts: ExtensionHostParts
  readonly #access = new BrokerAccess()
  readonly #environment: ExtensionEnvironment
  readonly #runner: ExtensionRunner
  readonly #watch: ExtensionWatch
  /** Of those that do not run. */
  readonly #strayWarnings: CallbackWarnings
  readonly #lookTimer = new Timer(() => void this.#lookAgain())
  #broker: Broker | null = null
  #isStopped = false
  #authenticators: readonly AuthenticatorRegistration[] = []
  #lifecycleListeners: readonly Registration<ClientLifecycleListener>[] = []
  #initializers: readonly ClientInitializer[] = []
  #globalInterceptors: readonly Registration<GlobalInterceptors>[] = []

  constructor(parts: ExtensionHostParts) {
    this.#parts = parts
    this.wheel = new TimerWheel(parts.clock)
    this.#strayWarnings = new CallbackWarnings(this.wheel, (text) => parts.logger.warn(text))
    const enabled = new Map<string, ExtensionInformation>()
    this.#environment = {
      logger: parts.logger,
      wheel: this.wheel,
      metrics: parts.metrics,
      calls: parts.calls,
      services: {
        publish: publishServiceOf(this.#access),
        retained: retainedMessageStoreOf(this.#access),
        clients: clientServiceOf(this.#access),
        subscriptions: subscriptionStoreOf(this.#access),
        admin: parts.admin,
      },
      enabledExtensions: enabled,
      onRegistered: () => this.#onRegistered(),
    }
    this.#runner = new ExtensionRunner({
      logger: parts.logger,
      wheel: this.wheel,
      bundled: parts.bundled,
      allowAllClients: parts.allowAllClients,
      environment: this.#environment,
      enabled,
      onReplaced: (previous, next) => this.#onReplaced(previous, next),
    })
    this.#watch = new ExtensionWatch(parts.folder, this.#runner, parts.logger)
  }

  /** Those that decide about CONNECT, in the order in which they are asked. */
  get authenticators(): readonly AuthenticatorRegistration[] {
    return this.#authenticators
  }

  get knowsMethods(): boolean {
    return this.#authenticators.some(({ isEnhanced }) => isEnhanced)
  }

  /** Those of all clients, in the order in which they are asked. */
  get globalInterceptors(): readonly Registration<GlobalInterceptors>[] {
    return this.#globalInterceptors
  }

  /** What is called at the beginning of each connection, in this order. */
  get initializers(): readonly ClientInitializer[] {
    return this.#initializers
  }

  attach(broker: Broker): void {
    this.#access.attach(broker)
    this.#broker = broker
  }

  connecting(connection: Connection): ClientHooks {
    return new ClientExtensions(this, connection)
  }

  /** Those that take part for a client; what it has of them already stays. */
  authorizersFor(facts: ClientFacts, present: readonly ClientAuthorizer[]): ClientAuthorizer[] {
    const authorizers: ClientAuthorizer[] = []
    for (const { authorizer: registration } of this.#byPriority()) {
      if (registration === null) continue
      const known = present.find((each) => each.registration === registration)
      if (known !== undefined) {
        authorizers.push(known)
        continue
      }
      try {
        const authorizer = resolveFor(registration, 'authorizer', facts)
        if (authorizer == null) continue
        // A promise, or a name that is misspelt, would else permit everything.
        if (typeof authorizer.authorizePublish !== 'function' && typeof authorizer.authorizeSubscribe !== 'function') {
          throw new TypeError('expected an object with authorizePublish or authorizeSubscribe')
        }
        authorizers.push({ registration, authorizer })
      } catch (error) {
        // One that should have decided and cannot: nothing is permitted in its place.
        reportUnresolved(registration, 'authorizer', facts, error)
        authorizers.push({ registration, authorizer: undecided })
      }
    }
    return authorizers
  }

  /** Those that hear of this connection. */
  lifecycleListenersFor(facts: ClientFacts, present: readonly ClientListener[] = []): ClientListener[] {
    const listeners: ClientListener[] = []
    for (const registration of this.#lifecycleListeners) {
      const known = present.find((each) => each.registration === registration)
      if (known !== undefined) {
        listeners.push(known)
        continue
      }
      try {
        const listener = resolveFor(registration, 'lifecycleListener', facts)
        if (listener != null) listeners.push({ registration, listener })
      } catch (error) {
        reportUnresolved(registration, 'lifecycleListener', facts, error)
      }
    }
    return listeners
  }

  /**
   * Something was thrown, or rejected, that nobody has caught. True where an extension has done it: that is told, and the broker
   * goes on. Its own faults, which may have left things half done, are not taken for an extension's.
   */
  takesFault(error: unknown): boolean {
    if (error instanceof InvariantError) return false
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    const extension = extensionAtWork() ?? this.#runningIn(stack)
    const text = `failed in its own work, outside of callbacks: ${describeError(error)}`
    if (extension !== null) {
      extension.fault('ownWork', CallbackFault.ERROR, text)
      return true
    }
    // It is still being loaded, or has gone and left a timer behind.
    const id = ownerIn(stack)
    if (id === null) return false
    this.#parts.calls.costOf(id, 'ownWork').faults[CallbackFault.ERROR]++
    this.#strayWarnings.warn(id, `Extension ${id}: ${text}`)
    return true
  }

  /** Code that was begun before its extension was known: while it was loaded. Packages of it are known by its folder alone. */
  #runningIn(stack: string): RunningExtension | null {
    const id = ownerIn(stack)
    const isOfStack = ({ information }: RunningExtension): boolean =>
      id === null ? stack.includes(`${information.homeFolder}/`) : information.id === id
    return this.#runner.atWork.find(isOfStack) ?? null
  }

  /** Starts what is in the folder, one after the other. Whatever goes wrong with an extension, the rest runs. */
  async start(): Promise<void> {
    this.#parts.logger.info('Starting HiveMQ extension system.')
    await this.#watch.start()
    this.#warnOfNobody()
  }

  /** From here on changes of the folder are followed. */
  follow(): void {
    this.wheel.schedule(this.#lookTimer, LOOK_MS)
  }

  /** One look at the folder. */
  async look(): Promise<void> {
    const hadAuthenticators = this.#authenticators.length > 0
    await this.#watch.look()
    if (hadAuthenticators && !this.#isStopped) this.#warnOfNobody()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#runner.stopAll()
    this.wheel.clear()
  }

  async #lookAgain(): Promise<void> {
    try {
      await this.look()
    } catch (error) {
      this.#parts.logger.error('A look at the extensions folder failed', error)
    }
    if (!this.#isStopped) this.follow()
  }

  #warnOfNobody(): void {
    if (this.#authenticators.length > 0) return
    this.#parts.logger.warn(
      'No security extension present, MQTT clients can not connect to this broker: put one into ' +
        `${this.#parts.folder}, or ${ALLOW_ALL_ID} to let everybody in.`,
    )
  }

  /**
   * Clients that come are asked about by who is there now; those that are there follow, some hundred in a turn. The one that was
   * replaced has not been stopped yet, so there is no moment in which nobody decides.
   */
  async #onReplaced(previous: RunningExtension | null, next: RunningExtension | null): Promise<void> {
    this.#onRegistered()
    if (this.#broker === null) return
    for await (const { extensions } of paced(this.#broker.connections)) {
      if (extensions instanceof ClientExtensions) extensions.follow(previous, next)
    }
  }

  #onRegistered(): void {
    const running = this.#byPriority()
    this.#authenticators = running.map(({ authenticator }) => authenticator).filter((given) => given !== null)
    this.#lifecycleListeners = running.map((extension) => extension.lifecycleListener).filter((given) => given !== null)
    this.#globalInterceptors = running
      .map((extension) => extension.globalInterceptors)
      .filter((given) => given !== null)
    this.#initializers = running.map(({ initializer }) => initializer).filter((given) => given !== null)
  }

  /** Highest priority first, ties by id. */
  #byPriority(): RunningExtension[] {
    return this.#runner.running.toSorted(
      ({ information: one }, { information: other }) =>
        other.priority - one.priority || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0),
    )
  }
}

/** A function that says who takes part for a client, or what always does: that is nobody's work. */
type Provider = 'authorizer' | 'lifecycleListener'

const PROVIDERS: Readonly<Record<Provider, string>> = {
  authorizer: 'the authorizer',
  lifecycleListener: 'the lifecycle listener',
}

function resolveFor<T extends object>(
  { extension, callback }: Registration<T>,
  provider: Provider,
  facts: ClientFacts,
): T | undefined {
  if (typeof callback !== 'function') return callback
  const resolve = (): T | undefined => resolvePerClient(callback, new CallbackEvent(facts))
  return extension.calls.run(extension, extension.costOf(provider), resolve)
}

/** What says who takes part for a client has failed. */
function reportUnresolved(
  { extension }: Registration<object>,
  provider: Provider,
  { client }: ClientFacts,
  error: unknown,
): void {
  const text = `${PROVIDERS[provider]} for client ${client.clientId}: ${describeError(error)}`
  extension.fault(provider, CallbackFault.ERROR, text)
}

const undecided = {
  authorizePublish: () => {
    throw new Error('there is no authorizer')
  },
  authorizeSubscribe: () => {
    throw new Error('there is no authorizer')
  },
}
