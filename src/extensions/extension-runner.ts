// SPDX-License-Identifier: Apache-2.0
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../broker/logger.ts'
import { type Extension, type ExtensionInformation, StartPrevented } from '../extension-sdk/extension.ts'
import type { TimerWheel } from '../util/timer-wheel.ts'
import { OVERDUE, within } from './deadline.ts'
import { describeError } from './describe-error.ts'
import { DISABLED_FILE, type ExtensionFolder } from './extension-folder.ts'
import { type ExtensionEnvironment, RunningExtension } from './running-extension.ts'
import { importExtension, type LoadedCode } from './sdk-module.ts'

export const ALLOW_ALL_ID = 'hivemq-allow-all-extension'
/** HiveMQ waits for ever, and its listeners with it. */
const START_LIMIT_MS = 60_000
/** It goes on, and nobody waits for it: the process gets five seconds for its end, for all of them. */
const STOP_LIMIT_MS = 3_000
/** The standard limit of a callback. */
const DRAIN_LIMIT_MS = 10_000

/** Loads the code of an extension that comes with the broker. */
export type BundledExtensions = Readonly<Record<string, () => Promise<{ readonly default: Extension }>>>

export interface ExtensionRunnerParts {
  readonly logger: Logger
  readonly wheel: TimerWheel
  readonly bundled: BundledExtensions
  readonly allowAllClients: string | undefined
  readonly environment: ExtensionEnvironment
  readonly enabled: Map<string, ExtensionInformation>
  /** One has taken another's place; null where there is none. Resolves when nobody is asked any more who is not in place. */
  readonly onReplaced: (previous: RunningExtension | null, next: RunningExtension | null) => Promise<void>
}

type Files = LoadedCode['files']
const NO_FILES: Files = new Map()

/** Starts, replaces and stops extensions. Whatever goes wrong with one, the rest runs. */
export class ExtensionRunner {
  /** In the order of their start. */
  readonly running: RunningExtension[] = []
  readonly #parts: ExtensionRunnerParts
  readonly #starting = new Set<RunningExtension>()
  readonly #lastVersions = new Map<string, string>()
  #isStopping = false

  constructor(parts: ExtensionRunnerParts) {
    this.#parts = parts
  }

  /** Also those that are being started. */
  get atWork(): RunningExtension[] {
    return [...this.running, ...this.#starting]
  }

  of(id: string): RunningExtension | undefined {
    return this.running.find(({ information }) => information.id === id)
  }

  /**
   * Returns the files of its code, whether it has started or not. While the broker starts, an extension that does not come to
   * an end with it counts as one that refuses everybody; later it has simply not been started.
   */
  async start(folder: ExtensionFolder, isBrokerStarting: boolean): Promise<Files> {
    const { logger, allowAllClients, enabled, wheel } = this.#parts
    const { information } = folder
    const { id, name, version } = information
    if (id === ALLOW_ALL_ID && allowAllClients !== undefined && allowAllClients !== 'true') {
      logger.info(`Disabling allow all extension, since HIVEMQ_ALLOW_ALL_CLIENTS is "${allowAllClients}".`)
      return NO_FILES
    }
    const code = this.#codeOf(folder)
    if (code === null) return NO_FILES
    let extension: RunningExtension
    try {
      extension = await this.#load(code, information)
    } catch (error) {
      logger.error(`Extension with id "${id}" could not be loaded. The extension will be disabled.`, error)
      await this.#disable(information, 'It could not be loaded')
      return code.files
    }
    enabled.set(id, information)
    const started = extension.start()
    try {
      const outcome = await within(wheel, START_LIMIT_MS, started)
      if (outcome !== OVERDUE) {
        logger.info(`Extension "${name}" version ${version} started successfully.`)
      } else if (isBrokerStarting) void this.#goOnWithout(extension, started)
      else throw new Error(TOO_LATE)
    } catch (error) {
      await this.#onStartFailed(extension, error)
      return code.files
    }
    await this.#install(null, extension)
    return code.files
  }

  /** Starts a new generation and then ends the old one. If the new one does not start, the old one goes on. */
  async reload(old: RunningExtension, folder: ExtensionFolder): Promise<Files> {
    const { logger, enabled, wheel } = this.#parts
    const { information, entry } = folder
    const { id, name, version } = information
    if (entry === null && this.#isBundled(id)) {
      // Its code is the broker's, and does not change; it may have a port, which two of it cannot share.
      old.information = information
      enabled.set(id, information)
      await this.#parts.onReplaced(old, old)
      logger.info(`The description of extension "${name}" has changed: priority ${information.priority} is in force.`)
      return NO_FILES
    }
    const code = this.#codeOf(folder)
    if (code === null) return NO_FILES
    let next: RunningExtension | null = null
    try {
      next = await this.#load(code, information)
      if ((await within(wheel, START_LIMIT_MS, next.start())) === OVERDUE) throw new Error(TOO_LATE)
    } catch (error) {
      logger.warn(
        `Extension with id "${id}" has changed and does not start: version ${old.information.version}, which runs, ` +
          `stays in force. ${describeError(error)}`,
      )
      if (next !== null) await this.#endHalfStarted(next)
      return code.files
    }
    enabled.set(id, information)
    await this.#install(old, next)
    logger.info(`Extension "${name}" version ${version} runs in place of version ${old.information.version}.`)
    await this.#end(old)
    return code.files
  }

  /** What clients are thinking over with it is waited for. */
  async stop(extension: RunningExtension): Promise<void> {
    extension.isRetired = true
    this.running.splice(this.running.indexOf(extension), 1)
    this.#parts.enabled.delete(extension.information.id)
    await this.#parts.onReplaced(extension, null)
    await this.#end(extension)
  }

  /** Ends all, in the order in which they were started at the start of the broker. Nobody needs them any more. */
  async stopAll(): Promise<void> {
    this.#isStopping = true
    const order = this.running.splice(0).toSorted((one, other) => {
      return other.information.startPriority - one.information.startPriority
    })
    for (const extension of order) {
      this.#parts.enabled.delete(extension.information.id)
      await this.#stopNow(extension, true)
    }
  }

  async #load({ module }: LoadedCode, information: ExtensionInformation): Promise<RunningExtension> {
    const { calls } = this.#parts.environment
    const loaded = await calls.load(information.id, within(this.#parts.wheel, START_LIMIT_MS, module))
    if (loaded === OVERDUE) throw new Error(`Its code has not been loaded within ${START_LIMIT_MS / 1000} s`)
    const previous = this.#lastVersions.get(information.id)
    const previousVersion = previous === information.version ? undefined : previous
    const extension = new RunningExtension(toExtension(loaded), information, previousVersion, this.#parts.environment)
    this.#starting.add(extension)
    return extension
  }

  /** How the extension's code is loaded, or null after a line that says why it cannot be. */
  #codeOf({ information, entry, hasJar }: ExtensionFolder): LoadedCode | null {
    if (entry !== null) {
      // What a module does while it is loaded can have no end either.
      this.#parts.environment.calls.expectForeign()
      return importExtension(entry, information.id)
    }
    const { id, homeFolder } = information
    if (this.#isBundled(id)) return { module: this.#parts.bundled[id]!(), files: NO_FILES }
    const reason = hasJar
      ? 'is a Java extension, which can not run here'
      : 'has no code: neither `main` in package.json nor extension.ts or extension.js'
    this.#parts.logger.warn(`Extension with id "${id}" in ${homeFolder} ${reason}. It is ignored.`)
    return null
  }

  #isBundled(id: string): boolean {
    return Object.hasOwn(this.#parts.bundled, id)
  }

  async #install(previous: RunningExtension | null, next: RunningExtension): Promise<void> {
    this.#starting.delete(next)
    if (this.#isStopping) return this.#stopNow(next, false)
    this.#lastVersions.set(next.information.id, next.information.version)
    if (previous === null) this.running.push(next)
    else {
      previous.isRetired = true
      previous.successor = next
      this.running[this.running.indexOf(previous)] = next
    }
    await this.#parts.onReplaced(previous, next)
  }

  async #goOnWithout(extension: RunningExtension, started: Promise<void>): Promise<void> {
    const { logger, onReplaced } = this.#parts
    const { id, name, version } = extension.information
    logger.warn(
      `Extension with id "${id}" has not finished start() within ${START_LIMIT_MS / 1000} s. The broker starts ` +
        'without it, and refuses clients about whom no extension of a higher priority decides, until it has.',
    )
    extension.refuseUntilStarted()
    try {
      await started
      if (extension.isRetired) return
      logger.info(`Extension "${name}" version ${version} started successfully, though late.`)
      await onReplaced(null, extension)
    } catch (error) {
      if (extension.isRetired) return
      this.running.splice(this.running.indexOf(extension), 1)
      await onReplaced(extension, null)
      await this.#onStartFailed(extension, error)
    }
  }

  async #onStartFailed(extension: RunningExtension, error: unknown): Promise<void> {
    const { logger, enabled } = this.#parts
    const { information } = extension
    enabled.delete(information.id)
    if (error instanceof StartPrevented) {
      logger.info(`Startup of extension with id "${information.id}" was prevented by itself: ${error.message}`)
    } else {
      logger.error(`Extension with id "${information.id}" failed to start. The extension will be disabled.`, error)
    }
    await this.#endHalfStarted(extension)
    await this.#disable(information, `It did not start: ${describeError(error)}`)
  }

  /** It may have begun what has to be ended. */
  async #endHalfStarted(extension: RunningExtension): Promise<void> {
    const { wheel, logger } = this.#parts
    this.#starting.delete(extension)
    try {
      await within(wheel, STOP_LIMIT_MS, extension.stop())
    } catch (error) {
      logger.debug(`Extension with id "${extension.information.id}" failed to stop as well: ${describeError(error)}`)
    }
  }

  async #end(extension: RunningExtension): Promise<void> {
    await within(this.#parts.wheel, DRAIN_LIMIT_MS, extension.idle())
    await this.#stopNow(extension, false)
  }

  async #stopNow(extension: RunningExtension, isDisabledOnFailure: boolean): Promise<void> {
    const { logger, wheel } = this.#parts
    const { id, name, version } = extension.information
    try {
      if ((await within(wheel, STOP_LIMIT_MS, extension.stop())) === OVERDUE) {
        const limit = `${STOP_LIMIT_MS / 1000} s`
        logger.warn(`Extension with id "${id}" has not finished stop() within ${limit}: nobody waits for it any more`)
      } else logger.info(`Extension "${name}" version ${version} stopped successfully.`)
    } catch (error) {
      logger.warn(`Extension with id "${id}" cannot be stopped cleanly: ${describeError(error)}`)
      if (isDisabledOnFailure) await this.#disable(extension.information, 'It failed to stop')
    }
  }

  /** As in HiveMQ an extension that has failed stays off until somebody removes the file. */
  async #disable({ id, homeFolder }: ExtensionInformation, reason: string): Promise<void> {
    try {
      await writeFile(join(homeFolder, DISABLED_FILE), `${reason}\n`)
    } catch (error) {
      this.#parts.logger.warn(`Extension with id "${id}" could not be marked as disabled: ${describeError(error)}`)
    }
  }
}

const TOO_LATE = `start() has not finished within ${START_LIMIT_MS / 1000} s`

function toExtension(module: unknown): Extension {
  const extension: unknown =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof extension === 'object' && extension !== null && 'start' in extension) {
    if (typeof extension.start === 'function') return extension as Extension
  }
  throw new TypeError('expected a module whose default export is an object with start()')
}
