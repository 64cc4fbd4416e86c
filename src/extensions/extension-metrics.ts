// SPDX-License-Identifier: Apache-2.0
import type { Counter, MetricReading, MetricRegistry } from '../extension-sdk/metric-registry.ts'

interface Metric {
  readonly owner: string
  /** Null for a gauge. */
  readonly counter: Counter | null
  readonly read: () => number
}

/** The metrics of all extensions, each with the extension that made it. */
export class ExtensionMetrics {
  readonly #metrics = new Map<string, Metric>()

  /** The registry as one extension sees it. */
  of(owner: string): MetricRegistry {
    return {
      counter: (name) => this.#counter(owner, name),
      gauge: (name, read) => this.#add(name, { owner, counter: null, read }),
      readAll: () => this.readAll(),
    }
  }

  readAll(): MetricReading[] {
    const readings: MetricReading[] = []
    for (const [name, { counter, read }] of this.#metrics) {
      readings.push({ name, kind: counter === null ? 'gauge' : 'counter', value: safeRead(read) })
    }
    return readings.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }

  /** An extension has stopped: what it has made goes. */
  remove(owner: string): void {
    for (const [name, metric] of this.#metrics) if (metric.owner === owner) this.#metrics.delete(name)
  }

  #counter(owner: string, name: string): Counter {
    const existing = this.#metrics.get(name)
    if (existing !== undefined && existing.owner === owner && existing.counter !== null) return existing.counter
    const counter = new SimpleCounter()
    this.#add(name, { owner, counter, read: () => counter.count })
    return counter
  }

  #add(name: string, metric: Metric): void {
    const existing = this.#metrics.get(name)
    if (existing !== undefined) throw new Error(`The metric ${name} exists already, made by ${existing.owner}`)
    this.#metrics.set(name, metric)
  }
}

class SimpleCounter implements Counter {
  count = 0

  inc(n = 1): void {
    this.count += n
  }

  dec(n = 1): void {
    this.count -= n
  }
}

/** A gauge of one extension that fails must not take all metrics with it. */
function safeRead(read: () => number): number {
  try {
    return read()
  } catch {
    return Number.NaN
  }
}
