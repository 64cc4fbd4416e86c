// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Broker } from '../broker/broker.ts'
import type { Connection } from '../broker/connection.ts'
import type { ClientHooks, ExtensionHooks } from '../broker/extension-hooks.ts'
import type { Logger } from '../broker/logger.ts'
import { type Extension, type ExtensionInformation, StartPrevented } from '../extension-sdk/extension.ts'
import type { GlobalInterceptors } from '../extension-sdk/interceptors.ts'
import type { ClientLifecycleListener } from '../extension-sdk/lifecycle.ts'
import type { AdminService } from '../extension-sdk/services.ts'
import type { Clock } from '../util/clock.ts'
import { InvariantError } from '../util/invariant.ts'
import { TimerWheel } from '../util/timer-wheel.ts'
import { BrokerAccess } from './broker-access.ts'
import { CallbackEvent, type ClientFacts, resolvePerClient } from './client-event.ts'
import { type ClientAuthorizer, ClientExtensions } from './client-extensions.ts'
import { clientServiceOf } from './client-service.ts'
import { describeError } from './describe-error.ts'
import { extensionAtWork, runAs } from './extension-context.ts'
import { InvalidDescription } from './extension-description.ts'
import { DISABLED_FILE, type ExtensionFolder, readExtensionFolder, subfoldersOf } from './extension-folder.ts'
import type { ExtensionMetrics } from './extension-metrics.ts'
import type { ClientListener } from './lifecycle.ts'
import { publishServiceOf } from './publish-service.ts'
import { retainedMessageStoreOf } from './retained-message-store.ts'
import {
  type AuthenticatorRegistration,
  type ClientInitializer,
  type ExtensionEnvironment,
  type Registration,
  RunningExtension,
} from './running-extension.ts'
import { importExtension } from './sdk-module.ts'
import { subscriptionStoreOf } from './subscription-store.ts'

const ALLOW_ALL_ID = 'hivemq-allow-all-extension'

/** Loads the code of an extension that comes with the broker. */
export type BundledExtensions = Readonly<Record<string, () => Promise<{ readonly default: Extension }>>>

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
}

/** Finds, starts and stops extensions, and asks them about clients. */
export class ExtensionHost implements ExtensionHooks {
  /** Time limits of callbacks, and the tasks of extensions. */
  readonly wheel: TimerWheel
  readonly #parts: ExtensionHostParts
  readonly #access = new BrokerAccess()
  readonly #environment: ExtensionEnvironment
  /** In the order of their start. */
  readonly #running: RunningExtension[] = []
  readonly #enabled = new Map<string, ExtensionInformation>()
  #authenticators: readonly AuthenticatorRegistration[] = []
  #lifecycleListeners: readonly Registration<ClientLifecycleListener>[] = []
  #initializers: readonly ClientInitializer[] = []
  #globalInterceptors: readonly Registration<GlobalInterceptors>[] = []

  constructor(parts: ExtensionHostParts) {
    this.#parts = parts
    this.wheel = new TimerWheel(parts.clock)
    this.#environment = {
      logger: parts.logger,
      wheel: this.wheel,
      metrics: parts.metrics,
      services: {
        publish: publishServiceOf(this.#access),
        retained: retainedMessageStoreOf(this.#access),
        clients: clientServiceOf(this.#access),
        subscriptions: subscriptionStoreOf(this.#access),
        admin: parts.admin,
      },
      enabledExtensions: this.#enabled,
      onRegistered: () => this.#onRegistered(),
    }
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
  }

  connecting(connection: Connection): ClientHooks {
    return new ClientExtensions(this, connection)
  }

  authorizersFor(facts: ClientFacts): ClientAuthorizer[] {
    const authorizers: ClientAuthorizer[] = []
    for (const { authorizer: registration } of this.#byPriority()) {
      if (registration === null) continue
      try {
        const authorizer = resolveFor(registration, facts)
        if (authorizer == null) continue
        // A promise, or a name that is misspelt, would else permit everything.
        if (typeof authorizer.authorizePublish !== 'function' && typeof authorizer.authorizeSubscribe !== 'function') {
          throw new TypeError('expected an object with authorizePublish or authorizeSubscribe')
        }
        authorizers.push({ registration, authorizer })
      } catch (error) {
        // One that should have decided and cannot: nothing is permitted in its place.
        reportUnresolved(registration, 'the authorizer', facts, error)
        authorizers.push({ registration, authorizer: undecided })
      }
    }
    return authorizers
  }

  /** Those that hear of this connection. */
  lifecycleListenersFor(facts: ClientFacts): ClientListener[] {
    const listeners: ClientListener[] = []
    for (const registration of this.#lifecycleListeners) {
      try {
        const listener = resolveFor(registration, facts)
        if (listener != null) listeners.push({ registration, listener })
      } catch (error) {
        reportUnresolved(registration, 'the lifecycle listener', facts, error)
      }
    }
    return listeners
  }

  /**
   * Something was thrown, or rejected, that nobody has caught. True where an extension has done it: that is told, and the broker
   * goes on. Its own faults, which may have left things half done, are not taken for an extension's.
   */
  takesFault(error: unknown): boolean {
    const extension = extensionAtWork() ?? this.#extensionInStack(error)
    if (extension === null || error instanceof InvariantError) return false
    extension.warn('its own work', `failed in its own work, outside of callbacks: ${describeError(error)}`)
    return true
  }

  /** Code that ran before its extension was known: while it was loaded. */
  #extensionInStack(error: unknown): RunningExtension | null {
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    return this.#running.find(({ information }) => stack.includes(`${information.homeFolder}/`)) ?? null
  }

  /** Starts what is in the folder, one after the other. Whatever goes wrong with an extension, the rest runs. */
  async start(): Promise<void> {
    const { logger } = this.#parts
    logger.info('Starting HiveMQ extension system.')
    const folders = await this.#readFolders()
    for (const folder of folders) await this.#start(folder)
    if (this.#authenticators.length === 0) {
      logger.warn(
        'No security extension present, MQTT clients can not connect to this broker: put one into ' +
          `${this.#parts.folder}, or ${ALLOW_ALL_ID} to let everybody in.`,
      )
    }
  }

  /** Ends them in the order in which they were started. */
  async stop(): Promise<void> {
    for (const extension of this.#running.splice(0)) {
      const { id, name, version } = extension.information
      this.#enabled.delete(id)
      try {
        await extension.stop()
        this.#parts.logger.info(`Extension "${name}" version ${version} stopped successfully.`)
      } catch (error) {
        this.#parts.logger.warn(`Extension with id "${id}" cannot be stopped cleanly: ${describeError(error)}`)
        await this.#disable(extension.information, 'It failed to stop')
      }
    }
    this.wheel.clear()
  }

  async #readFolders(): Promise<ExtensionFolder[]> {
    const { folder, logger } = this.#parts
    await mkdir(folder, { recursive: true })
    const found: ExtensionFolder[] = []
    for (const path of await subfoldersOf(folder)) {
      const extension = await readExtensionFolder(path)
      if (extension instanceof InvalidDescription) {
        logger.warn(`${extension.file}: ${extension.reason}. The extension is ignored.`)
      } else if (extension !== null) found.push(extension)
    }
    return found.toSorted((one, other) => other.information.startPriority - one.information.startPriority)
  }

  async #start(folder: ExtensionFolder): Promise<void> {
    const { logger, allowAllClients } = this.#parts
    const { information, isDisabled } = folder
    const { id, name, version } = information
    if (isDisabled) {
      logger.info(`Extension "${name}" version ${version} is disabled: its folder has a file ${DISABLED_FILE}.`)
      return
    }
    if (id === ALLOW_ALL_ID && allowAllClients !== undefined && allowAllClients !== 'true') {
      logger.info(`Disabling allow all extension, since HIVEMQ_ALLOW_ALL_CLIENTS is "${allowAllClients}".`)
      return
    }
    const load = this.#codeOf(folder)
    if (load === null) return
    let extension: RunningExtension
    try {
      extension = new RunningExtension(toExtension(await load()), information, undefined, this.#environment)
    } catch (error) {
      logger.error(`Extension with id "${id}" could not be loaded. The extension will be disabled.`, error)
      await this.#disable(information, 'It could not be loaded')
      return
    }
    this.#running.push(extension)
    this.#enabled.set(id, information)
    try {
      await extension.start()
      logger.info(`Extension "${name}" version ${version} started successfully.`)
    } catch (error) {
      await this.#onStartFailed(extension, error)
    }
  }

  /** How the extension's code is loaded, or null after a line that says why it cannot be. */
  #codeOf({ information, entry, hasJar }: ExtensionFolder): (() => Promise<unknown>) | null {
    if (entry !== null) return () => importExtension(entry)
    const { id, homeFolder } = information
    const bundled = Object.hasOwn(this.#parts.bundled, id) ? this.#parts.bundled[id] : undefined
    if (bundled !== undefined) return bundled
    const reason = hasJar
      ? 'is a Java extension, which can not run here'
      : 'has no code: neither `main` in package.json nor extension.ts or extension.js'
    this.#parts.logger.warn(`Extension with id "${id}" in ${homeFolder} ${reason}. It is ignored.`)
    return null
  }

  async #onStartFailed(extension: RunningExtension, error: unknown): Promise<void> {
    const { logger } = this.#parts
    const { information } = extension
    this.#running.splice(this.#running.indexOf(extension), 1)
    this.#enabled.delete(information.id)
    if (error instanceof StartPrevented) {
      logger.info(`Startup of extension with id "${information.id}" was prevented by itself: ${error.message}`)
    } else {
      logger.error(`Extension with id "${information.id}" failed to start. The extension will be disabled.`, error)
    }
    // Half started: it may have begun what has to be ended.
    try {
      await extension.stop()
    } catch (stopError) {
      logger.debug(`Extension with id "${information.id}" failed to stop as well: ${describeError(stopError)}`)
    }
    await this.#disable(information, `It did not start: ${describeError(error)}`)
  }

  /** As in HiveMQ an extension that has failed stays off until somebody removes the file. */
  async #disable({ id, homeFolder }: ExtensionInformation, reason: string): Promise<void> {
    try {
      await writeFile(join(homeFolder, DISABLED_FILE), `${reason}\n`)
    } catch (error) {
      this.#parts.logger.warn(`Extension with id "${id}" could not be marked as disabled: ${describeError(error)}`)
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
    return this.#running.toSorted(
      ({ information: one }, { information: other }) =>
        other.priority - one.priority || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0),
    )
  }
}

function resolveFor<T extends object>({ extension, callback }: Registration<T>, facts: ClientFacts): T | undefined {
  return runAs(extension, () => resolvePerClient(callback, new CallbackEvent(facts)))
}

/** What says who takes part for a client has failed. */
function reportUnresolved(
  { extension }: Registration<object>,
  what: string,
  { client }: ClientFacts,
  error: unknown,
): void {
  extension.warn(what, `${what} for client ${client.clientId}: ${describeError(error)}`)
}

const undecided = {
  authorizePublish: () => {
    throw new Error('there is no authorizer')
  },
  authorizeSubscribe: () => {
    throw new Error('there is no authorizer')
  },
}

function toExtension(module: unknown): Extension {
  const extension: unknown =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof extension === 'object' && extension !== null && 'start' in extension) {
    if (typeof extension.start === 'function') return extension as Extension
  }
  throw new TypeError('expected a module whose default export is an object with start()')
}
