// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../broker/logger.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import type { EnhancedAuthenticator, SimpleAuthenticator } from '../extension-sdk/authenticator.ts'
import type { Authorizer } from '../extension-sdk/authorizer.ts'
import type { CallbackOptions, ClientInformation } from '../extension-sdk/callback.ts'
import type { ClientContext } from '../extension-sdk/client-context.ts'
import type { Extension, ExtensionContext, ExtensionInformation, ExtensionLogger } from '../extension-sdk/extension.ts'
import type { ClientInterceptors, GlobalInterceptors } from '../extension-sdk/interceptors.ts'
import type { ClientLifecycleListener } from '../extension-sdk/lifecycle.ts'
import type { PerClient } from '../extension-sdk/security-registry.ts'
import type { Services } from '../extension-sdk/services.ts'
import type { TimerWheel } from '../util/timer-wheel.ts'
import { CallbackWarnings } from './callback-warnings.ts'
import type { CallbackCost } from './callback-cost.ts'
import { CallbackFault } from './callback-fault.ts'
import type { ExtensionCalls } from './extension-calls.ts'
import type { ExtensionMetrics } from './extension-metrics.ts'
import { describeError } from './describe-error.ts'
import { INBOUND_KINDS, OUTBOUND_KINDS } from './packet-kinds.ts'
import { ExtensionScheduler } from './extension-scheduler.ts'

/** What an extension wants to be asked, with how long it may take. */
export interface Registration<T extends object> {
  readonly extension: RunningExtension
  readonly callback: PerClient<T>
  readonly options: CallbackOptions
}

/** Simple ones are asked about CONNECT alone, and looked up for each. */
export type AuthenticatorRegistration =
  | (Registration<SimpleAuthenticator> & { readonly isEnhanced: false })
  | (Registration<EnhancedAuthenticator> & { readonly isEnhanced: true })

/** An extension's part in the beginning of each connection. */
export interface ClientInitializer {
  readonly extension: RunningExtension
  readonly initialize: (context: ClientContext) => void
}

const GLOBAL_INTERCEPTORS: readonly (keyof GlobalInterceptors)[] = ['connectInbound', 'connackOutbound']

const CLIENT_INTERCEPTORS: readonly string[] = [...INBOUND_KINDS.values(), ...OUTBOUND_KINDS.values()]
  .map(({ name }) => name)
  .filter((name) => name !== 'connackOutbound')

const LIFECYCLE_METHODS: readonly (keyof ClientLifecycleListener)[] = [
  'onMqttConnectionStart',
  'onAuthenticationSuccessful',
  'onDisconnect',
]

const NOT_YET: SimpleAuthenticator = {
  onConnect: () => ({
    outcome: 'fail',
    reasonCode: ReasonCode.SERVER_UNAVAILABLE,
    reasonString: 'An extension that may decide about clients has not started yet',
  }),
}

/** What running extensions share. */
export interface ExtensionEnvironment {
  readonly logger: Logger
  readonly wheel: TimerWheel
  readonly metrics: ExtensionMetrics
  readonly calls: ExtensionCalls
  /** The same for all. */
  readonly services: Pick<Services, 'publish' | 'retained' | 'clients' | 'subscriptions' | 'admin'>
  readonly enabledExtensions: ReadonlyMap<string, ExtensionInformation>
  /** The authenticators or authorizers are others now. */
  onRegistered(): void
}

/** One extension from its start to its end, with all that it has registered. */
export class RunningExtension {
  /** Of the one that comes with the broker it may change while it runs. */
  information: ExtensionInformation
  readonly log: ExtensionLogger
  readonly calls: ExtensionCalls
  /** It only finishes what it has begun. */
  isRetired = false
  /** It has stopped, and nothing that it has left behind is its work any more. */
  hasEnded = false
  /** The next generation of it, which is asked from now on. */
  successor: RunningExtension | null = null
  /** Ends each callback that has not answered. A set, because a login storm makes thousands of them. */
  readonly #pending: Set<() => void> = new Set()
  #onIdle: () => void = () => undefined
  authenticator: AuthenticatorRegistration | null = null
  authorizer: Registration<Authorizer> | null = null
  lifecycleListener: Registration<ClientLifecycleListener> | null = null
  initializer: ClientInitializer | null = null
  globalInterceptors: Registration<GlobalInterceptors> | null = null
  readonly #extension: Extension
  readonly #context: ExtensionContext
  readonly #controller = new AbortController()
  readonly #environment: ExtensionEnvironment
  readonly #scheduler: ExtensionScheduler
  #lastCost: CallbackCost | null = null
  readonly #warnings: CallbackWarnings

  constructor(
    extension: Extension,
    information: ExtensionInformation,
    previousVersion: string | undefined,
    environment: ExtensionEnvironment,
  ) {
    this.#extension = extension
    this.#environment = environment
    this.calls = environment.calls
    this.information = information
    this.log = logOf(information.id, environment.logger)
    this.#warnings = new CallbackWarnings(environment.wheel, (text) => this.log.warn(text))
    const { signal } = this.#controller
    const run = <T>(work: () => T): T => this.calls.runToEnd(this, this.costOf('scheduledTask'), work)
    this.#scheduler = new ExtensionScheduler(environment.wheel, signal, run, (error) =>
      this.fault('scheduledTask', CallbackFault.ERROR, `a scheduled task failed: ${describeError(error)}`),
    )
    this.#context = {
      extension: information,
      enabledExtensions: environment.enabledExtensions,
      previousVersion,
      services: {
        security: {
          setAuthenticator: (callback, options = {}) => {
            this.authenticator = { ...this.#registration(callback, options, ['onConnect']), isEnhanced: false }
            environment.onRegistered()
          },
          setEnhancedAuthenticator: (callback, options = {}) => {
            this.authenticator = { ...this.#registration(callback, options, ['onConnect']), isEnhanced: true }
            environment.onRegistered()
          },
          setAuthorizer: (callback, options = {}) => {
            this.authorizer = this.#registration(callback, options, ['authorizePublish', 'authorizeSubscribe'])
            environment.onRegistered()
          },
        },
        events: {
          setClientLifecycleListener: (callback, options = {}) => {
            this.lifecycleListener = this.#registration(callback, options, LIFECYCLE_METHODS)
            environment.onRegistered()
          },
        },
        initializers: {
          setClientInitializer: (initialize) => {
            this.#expectRunning()
            if (typeof initialize !== 'function') throw new TypeError('expected a function')
            this.initializer = { extension: this, initialize }
            environment.onRegistered()
          },
        },
        interceptors: {
          setGlobal: (interceptors, options = {}) => {
            this.globalInterceptors = this.#registration(interceptors, options, GLOBAL_INTERCEPTORS)
            environment.onRegistered()
          },
        },
        scheduler: this.#scheduler,
        metrics: environment.metrics.of(information.id, this),
        ...environment.services,
      },
      log: this.log,
      signal,
    }
  }

  /** Aborted when the extension is to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  async start(): Promise<void> {
    await this.#call('start', () => this.#extension.start(this.#context))
    if (this.authenticator?.callback === NOT_YET) this.authenticator = null
  }

  /** Its start takes too long. Nobody knows whom it would refuse: so it refuses everybody, at its place in the order. */
  refuseUntilStarted(): void {
    this.authenticator ??= { extension: this, callback: NOT_YET, options: {}, isEnhanced: false }
  }

  /** A callback thinks. `end` ends it, when the extension stops. */
  onPending(end: () => void): void {
    this.#pending.add(end)
  }

  onAnswered(end: () => void): void {
    this.#pending.delete(end)
    if (this.#pending.size === 0) this.#onIdle()
  }

  /** Resolves when no callback thinks any more. */
  async idle(): Promise<void> {
    if (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }

  /** Takes back what it has registered, and lets it end. Throws what `stop` throws. */
  async stop(): Promise<void> {
    this.isRetired = true
    this.#controller.abort(new DOMException('The extension is stopped', 'AbortError'))
    this.authenticator = null
    this.authorizer = null
    this.lifecycleListener = null
    this.initializer = null
    this.globalInterceptors = null
    this.#environment.onRegistered()
    for (const end of this.#pending) end()
    this.#environment.metrics.remove(this)
    try {
      await this.#call('stop', () => this.#extension.stop?.(this.#context))
    } finally {
      this.hasEnded = true
      this.#warnings.end()
    }
  }

  /** A callback went wrong in this way: counted, and said as often as it helps. */
  fault(callbackName: string, kind: CallbackFault, text: string): void {
    this.costOf(callbackName).faults[kind]++
    // That one fails often must not hide that it holds up everybody.
    this.#warnings.warn(kind === CallbackFault.BLOCKED ? `${callbackName}, which blocks,` : callbackName, text)
  }

  costOf(callbackName: string): CallbackCost {
    // Mostly the same again and again, which is found with one comparison.
    if (this.#lastCost?.callbackName === callbackName) return this.#lastCost
    return (this.#lastCost = this.calls.costOf(this.information.id, callbackName))
  }

  /** Interceptors of one client. Throws a TypeError with what is wrong. */
  interceptorsOf(interceptors: ClientInterceptors, options: CallbackOptions): Registration<ClientInterceptors> {
    if (typeof interceptors === 'function') throw new TypeError('expected an object, found a function')
    return this.#registration(interceptors, options, CLIENT_INTERCEPTORS)
  }

  /** Calls what must not be asynchronous. Whatever it does, the broker goes on. True where it was done when it returned. */
  call(callbackName: string, what: string, { clientId }: ClientInformation, callback: () => unknown): boolean {
    const reportFailed = (kind: CallbackFault, error: unknown): void => {
      this.fault(callbackName, kind, `${what} failed for client ${clientId}: ${describeError(error)}`)
    }
    try {
      const returned = this.#call(callbackName, callback)
      if (!(returned instanceof Promise)) return true
      const text = `${what} for client ${clientId} returned a promise, for which nobody waits`
      this.fault(callbackName, CallbackFault.INVALID, text)
      returned.catch((error: unknown) => reportFailed(CallbackFault.REJECTED, error))
    } catch (error) {
      reportFailed(CallbackFault.ERROR, error)
    }
    return false
  }

  #call<T>(callbackName: string, work: () => T): T {
    return this.calls.runToEnd(this, this.costOf(callbackName), work)
  }

  #expectRunning(): void {
    if (this.signal.aborted) throw new Error('The extension is stopped: it cannot register anything')
  }

  #registration<T extends object>(
    callback: PerClient<T>,
    options: CallbackOptions,
    methods: readonly string[],
  ): Registration<T> {
    this.#expectRunning()
    const isFunction = typeof callback === 'function'
    const has = (name: string): boolean => typeof Reflect.get(callback, name) === 'function'
    if (!isFunction && (typeof callback !== 'object' || callback === null || !methods.some(has))) {
      throw new TypeError(`expected an object with ${methods.join(' or ')}, or a function that returns one`)
    }
    const { timeoutMs } = options
    if (timeoutMs !== undefined && !(timeoutMs > 0)) {
      throw new TypeError(`timeoutMs: found ${timeoutMs}, expected a number above 0`)
    }
    return { extension: this, callback, options }
  }
}

function logOf(id: string, logger: Logger): ExtensionLogger {
  return {
    debug: (text) => logger.debug(`Extension ${id}: ${text}`),
    info: (text) => logger.info(`Extension ${id}: ${text}`),
    warn: (text) => logger.warn(`Extension ${id}: ${text}`),
    error: (text, error) => logger.error(`Extension ${id}: ${text}`, error),
  }
}
