// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../util/clock.ts'
import { DecayingReservoir } from './decaying-reservoir.ts'
import { ExponentialRates } from './exponential-rates.ts'
import { type MetricReading, QUANTILES } from './metric-reading.ts'

// What whoever counts holds in his hand, and whoever looks reads.

export class Counter {
  count = 0

  inc(n = 1): void {
    this.count += n
  }

  dec(n = 1): void {
    this.count -= n
  }

  read(name: string): MetricReading {
    return { kind: 'counter', name, value: this.count }
  }
}

/** How often something happens. */
export class Meter {
  count = 0
  readonly #rates: ExponentialRates

  constructor(clock: Clock) {
    this.#rates = new ExponentialRates(clock)
  }

  mark(n = 1): void {
    this.count += n
  }

  read(name: string): MetricReading {
    return { kind: 'meter', name, count: this.count, rates: this.#rates.read(this.count) }
  }
}

/** How large something is. */
export class Histogram {
  count = 0
  readonly #reservoir: DecayingReservoir

  constructor(clock: Clock, random: () => number) {
    this.#reservoir = new DecayingReservoir(clock, random)
  }

  update(value: number): void {
    this.count++
    this.#reservoir.add(value)
  }

  read(name: string): MetricReading {
    return { kind: 'histogram', name, count: this.count, quantiles: this.#reservoir.quantiles(QUANTILES) }
  }
}

/** How long something takes, in seconds. */
export class Timer {
  readonly #clock: Clock
  readonly #seconds: Histogram

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#seconds = new Histogram(clock, random)
  }

  get count(): number {
    return this.#seconds.count
  }

  update(seconds: number): void {
    this.#seconds.update(seconds)
  }

  /** Of a promise until it is settled. */
  time<T>(work: () => T): T {
    const startedAt = this.#clock.now()
    const end = (): void => this.update((this.#clock.now() - startedAt) / 1000)
    let isPromise = false
    try {
      const result = work()
      isPromise = result instanceof Promise
      return isPromise ? ((result as Promise<unknown>).finally(end) as T) : result
    } finally {
      if (!isPromise) end()
    }
  }

  read(name: string): MetricReading {
    return { ...this.#seconds.read(name), kind: 'timer' } as MetricReading
  }
}
