// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../util/clock.ts'
import { Counter, Histogram, Meter, Timer } from './dropwizard-metrics.ts'
import { ExponentialRates } from './exponential-rates.ts'
import type { LabelledMetric, MetricKind, MetricReading } from './metric-reading.ts'

interface Metric {
  readonly kind: MetricKind
  /** Null for a metric that is counted elsewhere. */
  readonly instrument: Counter | Meter | Histogram | Timer | null
  read(): MetricReading
}

/** Metrics whose names are not known beforehand: one for each network interface, say. */
export type MetricSource = () => Iterable<MetricReading>

/**
 * All metrics by name, to be looked at. Nothing is counted here: the broker counts into `Metrics`, extensions count into what
 * `counter`, `meter`, `histogram` and `timer` hand out.
 */
export class MetricRegistry {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #metrics = new Map<string, Metric>()
  readonly #sources: MetricSource[] = []
  readonly #labelled = new Map<string, LabelledMetric>()

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock
    this.#random = random
  }

  counter(name: string): Counter {
    return this.#instrument(name, 'counter', () => new Counter())
  }

  meter(name: string): Meter {
    return this.#instrument(name, 'meter', () => new Meter(this.#clock))
  }

  histogram(name: string): Histogram {
    return this.#instrument(name, 'histogram', () => new Histogram(this.#clock, this.#random))
  }

  timer(name: string): Timer {
    return this.#instrument(name, 'timer', () => new Timer(this.#clock, this.#random))
  }

  /** `read` is called when somebody looks. */
  gauge(name: string, read: () => number): void {
    this.#add(name, { kind: 'gauge', instrument: null, read: () => ({ kind: 'gauge', name, value: read() }) })
  }

  /** A counter that is counted elsewhere. */
  counted(name: string, read: () => number): void {
    this.#add(name, { kind: 'counter', instrument: null, read: () => ({ kind: 'counter', name, value: read() }) })
  }

  /** The same as a meter. */
  metered(name: string, read: () => number): void {
    const rates = new ExponentialRates(this.#clock)
    this.#add(name, {
      kind: 'meter',
      instrument: null,
      read: () => {
        const count = read()
        return { kind: 'meter', name, count, rates: rates.read(count) }
      },
    })
  }

  source(read: MetricSource): void {
    this.#sources.push(read)
  }

  labelled(metric: LabelledMetric): void {
    if (this.#labelled.has(metric.name)) throw new Error(`The metric ${metric.name} exists already`)
    this.#labelled.set(metric.name, metric)
  }

  remove(name: string): void {
    this.#metrics.delete(name)
    this.#labelled.delete(name)
  }

  has(name: string): boolean {
    return this.#metrics.has(name) || this.#labelled.has(name)
  }

  /** One that fails is left out: it must not take all others with it. */
  readAll(): MetricReading[] {
    const readings: MetricReading[] = []
    for (const metric of this.#metrics.values()) {
      try {
        readings.push(metric.read())
      } catch {
        continue
      }
    }
    for (const source of this.#sources) {
      try {
        readings.push(...source())
      } catch {
        continue
      }
    }
    return readings
  }

  /** Our own. */
  get labelledMetrics(): Iterable<LabelledMetric> {
    return this.#labelled.values()
  }

  /** The same name gives the same instrument. */
  #instrument<T extends Counter | Meter | Histogram | Timer>(name: string, kind: MetricKind, make: () => T): T {
    const existing = this.#metrics.get(name)
    if (existing !== undefined && existing.kind === kind && existing.instrument !== null)
      return existing.instrument as T
    const instrument = make()
    this.#add(name, { kind, instrument, read: () => instrument.read(name) })
    return instrument
  }

  #add(name: string, metric: Metric): void {
    const existing = this.#metrics.get(name)
    if (existing !== undefined) throw new Error(`The metric ${name} exists already, as a ${existing.kind}`)
    this.#metrics.set(name, metric)
  }
}
