// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import type { Logger } from '../broker/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Clock } from '../util/clock.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import { reportCertificates } from './certificate-report.ts'
import { chooseSuites, type SuiteChoice } from './cipher-suites.ts'
import { ClientCheck } from './client-check.ts'
import { openKeyMaterial } from './open-key-material.ts'
import { chooseVersions, type VersionChoice } from './protocol-versions.ts'
import { readFiles } from './read-files.ts'
import { createTlsContext, type TlsContext } from './tls-context.ts'
import { TlsFault } from './tls-fault.ts'
import { filesOf, type TlsSettings } from './tls-settings.ts'

/** As in HiveMQ. Files are read, not watched: a change of a mounted secret is a symbolic link that points elsewhere. */
const POLL_MS = 10_000
/** What is about to expire is said once a day. */
const REPORT_MS = 24 * 60 * 60 * 1000

export interface TlsParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

/** A listener with TLS, as logs name it. */
export interface TlsListenerName {
  readonly name: string
  /** Like `TCP Listener with TLS at address 0.0.0.0 and port 8883`. */
  readonly title: string
}

/** The TLS context of a listener, which follows the files that it was made from. */
export class ReloadingTlsContext {
  readonly #listener: TlsListenerName
  readonly #settings: TlsSettings
  readonly #parts: TlsParts
  readonly #versions: VersionChoice
  readonly #suites: SuiteChoice
  /** Of the files at which was last looked, whatever came of it. */
  #fingerprint: string
  #current: TlsContext
  #reportedAt: number
  #timer: Timer | null = null

  private constructor(
    listener: TlsListenerName,
    settings: TlsSettings,
    parts: TlsParts,
    choice: Choice,
    opened: Opened,
  ) {
    this.#listener = listener
    this.#settings = settings
    this.#parts = parts
    this.#versions = choice.versions
    this.#suites = choice.suites
    this.#fingerprint = opened.fingerprint
    this.#current = opened.context
    this.#reportedAt = parts.clock.now()
  }

  /** Faults instead of a context where there is anything wrong with it: all of them. */
  static async open(
    listener: TlsListenerName,
    settings: TlsSettings,
    parts: TlsParts,
  ): Promise<ReloadingTlsContext | readonly TlsFault[]> {
    const faults: TlsFault[] = []
    const choice = valueOrFault(() => choose(settings), faults)
    const files = await readFiles(filesOf(settings))
    const opened = await open(settings, files, choice?.suites ?? chooseSuites(null, ['TLSv1.3']), listener, parts)
    if (Array.isArray(opened)) faults.push(...opened)
    if (faults.length > 0 || choice === undefined || Array.isArray(opened)) return faults
    const context = new ReloadingTlsContext(listener, settings, parts, choice, opened)
    context.#introduce()
    return context
  }

  /** For connections that begin now. */
  get current(): TlsContext {
    return this.#current
  }

  /** Looks at the files from time to time, from now on. */
  follow(wheel: TimerWheel): void {
    const timer = new Timer(() => {
      this.reload()
        .catch((error: unknown) => {
          this.#parts.metrics.internalErrors++
          this.#parts.logger.error(`Internal error while the key stores of ${this.#listener.name} were read`, error)
        })
        .finally(() => {
          if (this.#timer === timer) wheel.schedule(timer, POLL_MS)
        })
    })
    this.#timer = timer
    wheel.schedule(timer, POLL_MS)
  }

  /** Looks at the files, and takes what has changed. Open connections keep what they began with. */
  async reload(): Promise<void> {
    const { logger, clock } = this.#parts
    const files = await readFiles(filesOf(this.#settings))
    const fingerprint = fingerprintOf(files)
    if (fingerprint === this.#fingerprint) {
      if (clock.now() - this.#reportedAt >= REPORT_MS) this.#report(false)
      return
    }
    const opened = await open(this.#settings, files, this.#suites, this.#listener, this.#parts)
    // A fault of our own would have been an exception: then the files are looked at again.
    this.#fingerprint = fingerprint
    if (Array.isArray(opened)) {
      for (const { message } of opened) {
        logger.warn(
          `${this.#listener.name}: ${message} The key stores have changed, but cannot be used; new connections get the ` +
            'certificates from before.',
        )
      }
      return
    }
    this.#current = opened.context
    logger.info(`${this.#listener.name}: the key stores have changed and are used for new connections from now on.`)
    this.#report(true)
  }

  #introduce(): void {
    const { logger } = this.#parts
    const { title } = this.#listener
    const { outdated, enabled } = this.#versions
    const { unknown, added, enabled: suites } = this.#suites
    if (outdated.length > 0) {
      logger.warn(`Protocols that are too old to be safe are not enabled for ${title}: [${outdated.join(', ')}]`)
    }
    if (unknown.length > 0) logger.warn(`Unknown cipher suites for ${title}: [${unknown.join(', ')}]`)
    if (added.length > 0) {
      logger.info(
        `The cipher suites for ${title} are of TLSv1.2 only, and TLSv1.3 is enabled: its suites are added. ` +
          'Java would not use TLSv1.3 here.',
      )
    }
    logger.info(`Enabled protocols for ${title}: [${enabled.join(', ')}]`)
    logger.info(`Enabled cipher suites for ${title}: [${suites.join(', ')}]`)
    this.#report(true)
  }

  #report(isNew: boolean): void {
    this.#reportedAt = this.#parts.clock.now()
    reportCertificates(this.#current.certificates, this.#listener.name, this.#parts, isNew)
  }
}

interface Choice {
  readonly versions: VersionChoice
  readonly suites: SuiteChoice
}

interface Opened {
  readonly context: TlsContext
  readonly fingerprint: string
}

function choose(settings: TlsSettings): Choice {
  const versions = chooseVersions(settings.protocols)
  const suites = chooseSuites(settings.cipherSuites, versions.enabled)
  if (suites.enabled.length === 0) {
    throw new TlsFault(
      null,
      `none of the cipher suites can be used with ${versions.enabled.join(', ')}`,
      'Leave cipher-suites out for the defaults.',
    )
  }
  return { versions, suites }
}

async function open(
  settings: TlsSettings,
  files: ReadonlyMap<string, Buffer | TlsFault>,
  suites: SuiteChoice,
  listener: TlsListenerName,
  { clock, logger }: TlsParts,
): Promise<Opened | TlsFault[]> {
  const material = await openKeyMaterial(settings, files)
  if (Array.isArray(material)) return material
  const warn = (text: string): void => logger.warn(`${listener.name}: ${text}`)
  for (const { nextUpdate } of material.revocations) {
    if (nextUpdate !== null && nextUpdate < clock.wallTime()) {
      warn(`a revocation list should have been renewed on ${new Date(nextUpdate).toUTCString()}; it is used as it is.`)
    }
  }
  const faults: TlsFault[] = []
  const check = new ClientCheck(material, () => clock.wallTime(), warn)
  const context = valueOrFault(() => createTlsContext(settings, material, suites, check), faults)
  return context === undefined ? faults : { context, fingerprint: fingerprintOf(files) }
}

function valueOrFault<Value>(make: () => Value, faults: TlsFault[]): Value | undefined {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof TlsFault)) throw error
    faults.push(error)
    return undefined
  }
}

/** Differs when a file has changed, appeared or gone. */
function fingerprintOf(files: ReadonlyMap<string, Buffer | TlsFault>): string {
  const parts = [...files.values()].map((file) => (file instanceof TlsFault ? file.reason : hash('sha256', file)))
  return parts.join(' ')
}
