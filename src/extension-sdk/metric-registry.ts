// SPDX-License-Identifier: Apache-2.0

/** A number that is counted up, or down. */
export interface Counter {
  readonly count: number
  inc(n?: number): void
  dec(n?: number): void
}

/** What a metric says now. */
export interface MetricReading {
  /** Dropwizard's form, which HiveMQ's metrics have: `com.hivemq.messages.incoming.total.count`. */
  readonly name: string
  readonly kind: 'counter' | 'gauge'
  readonly value: number
}

/**
 * Metrics of the broker and of all extensions. The same name gives the same metric; a name that is taken, by another kind or by
 * another extension, throws. What an extension has made goes when it stops.
 */
export interface MetricRegistry {
  counter(name: string): Counter
  /** `read` is called when somebody looks. */
  gauge(name: string, read: () => number): void
  /** All of them, in the order of their names. */
  readAll(): MetricReading[]
}
