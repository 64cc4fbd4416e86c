// SPDX-License-Identifier: Apache-2.0

/** A number that is counted up, or down. */
export interface Counter {
  readonly count: number
  inc(n?: number): void
  dec(n?: number): void
}

/** How often something happens. */
export interface Meter {
  readonly count: number
  mark(n?: number): void
}

/** How large something is: quantiles, in which the last five minutes weigh most. */
export interface Histogram {
  readonly count: number
  update(value: number): void
}

/** How long something takes. */
export interface Timer {
  readonly count: number
  update(seconds: number): void
  /** Measures `work`, until its promise is settled if it returns one. Gives what it returns, throws what it throws. */
  time<T>(work: () => T): T
}

/** What a metric says now. Its name is in Dropwizard's form, as HiveMQ's are: `com.hivemq.messages.incoming.total.count`. */
export type MetricReading =
  | { readonly kind: 'counter' | 'gauge'; readonly name: string; readonly value: number }
  | { readonly kind: 'meter'; readonly name: string; readonly count: number; readonly rates: MeterRates }
  | {
      readonly kind: 'histogram' | 'timer'
      readonly name: string
      readonly count: number
      /** Of 0.5, 0.75, 0.95, 0.98, 0.99 and 0.999; of a timer in seconds. */
      readonly quantiles: readonly number[]
    }

/** Events per second, over all time and the last minutes. */
export interface MeterRates {
  readonly mean: number
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

/** A metric of the broker's own, which are Prometheus's kinds with labels: `waggle_…`. */
export type LabelledReading =
  | {
      readonly kind: 'counter' | 'gauge'
      readonly name: string
      readonly help: string
      readonly values: readonly LabelledValue[]
    }
  | {
      readonly kind: 'histogram'
      readonly name: string
      readonly help: string
      readonly values: readonly LabelledBuckets[]
    }

export interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface LabelledBuckets {
  readonly labels: Readonly<Record<string, string>>
  /** Upper bounds of the buckets, rising; what is above all of them is in one more. */
  readonly bounds: readonly number[]
  /** How many values came for each bucket alone, the one without a bound last. */
  readonly counts: readonly number[]
  readonly sum: number
}

/**
 * Metrics of the broker and of all extensions. The same name gives the same metric; a name that is taken, by another kind or by
 * another extension, throws. What an extension has made goes when it stops.
 */
export interface MetricRegistry {
  counter(name: string): Counter
  /** `read` is called when somebody looks. */
  gauge(name: string, read: () => number): void
  meter(name: string): Meter
  histogram(name: string): Histogram
  timer(name: string): Timer
  /** All of them, in the order of their names. What fails is left out. */
  readAll(): MetricReading[]
  /** Those with labels. */
  readLabelled(): LabelledReading[]
}
