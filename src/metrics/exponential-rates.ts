// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../util/clock.ts'

/** Dropwizard's, and that of Unix's load averages. */
const TICK_SEC = 5
const MINUTES = [1, 5, 15] as const

/** Events per second. */
export interface Rates {
  readonly mean: number
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

/**
 * Rates of a number that only rises. They are brought up to date when somebody looks, so that an event costs nothing here: what
 * came since the last look is spread evenly over the ticks that have passed.
 */
export class ExponentialRates {
  readonly #clock: Clock
  readonly #startedAt: number
  #tickAt: number
  #countAtTick = 0
  /** Of 1, 5 and 15 minutes; null until the first tick, which sets them. */
  #rates: number[] | null = null

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#tickAt = this.#startedAt
  }

  read(count: number): Rates {
    const now = this.#clock.now()
    const ticks = Math.floor((now - this.#tickAt) / (TICK_SEC * 1000))
    if (ticks > 0) this.#tick(ticks, count)
    const [oneMinute = 0, fiveMinutes = 0, fifteenMinutes = 0] = this.#rates ?? []
    const elapsedSec = (now - this.#startedAt) / 1000
    return { mean: elapsedSec > 0 ? count / elapsedSec : 0, oneMinute, fiveMinutes, fifteenMinutes }
  }

  #tick(ticks: number, count: number): void {
    const rate = (count - this.#countAtTick) / (ticks * TICK_SEC)
    this.#countAtTick = count
    this.#tickAt += ticks * TICK_SEC * 1000
    this.#rates = MINUTES.map((minutes, index) => {
      const earlier = this.#rates?.[index] ?? rate
      // After so many ticks of the same rate the earlier one weighs this much.
      return rate + (earlier - rate) * Math.exp((-ticks * TICK_SEC) / (minutes * 60))
    })
  }
}
