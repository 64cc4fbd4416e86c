// SPDX-License-Identifier: Apache-2.0
import type { Logger } from './logger.ts'

/** HiveMQ warns from here on. */
const NEARLY_REACHED = 0.9
/** HiveMQ warns at each CONNECT; a flood of them must not fill the log. */
const WARN_EVERY_MS = 60_000

/** `restrictions/max-connections`. */
export class ConnectionLimit {
  readonly #maximum: number
  readonly #logger: Logger
  #nearlyAt = Number.NEGATIVE_INFINITY
  #reachedAt = Number.NEGATIVE_INFINITY

  /** -1 for no limit. */
  constructor(maximum: number, logger: Logger) {
    this.#maximum = maximum
    this.#logger = logger
  }

  /** Whether a client may connect; its own connection is one of those that are open. */
  admits(open: number, now: number): boolean {
    const maximum = this.#maximum
    if (maximum < 0) return true
    if (open > maximum) {
      if (now - this.#reachedAt >= WARN_EVERY_MS) {
        this.#reachedAt = now
        this.#logger.warn(`The limit of ${maximum} connections is reached: new ones are refused.`)
      }
      return false
    }
    if (open >= maximum * NEARLY_REACHED && now - this.#nearlyAt >= WARN_EVERY_MS) {
      this.#nearlyAt = now
      this.#logger.warn(`The limit of ${maximum} connections is nearly reached: ${open} are open.`)
    }
    return true
  }
}
