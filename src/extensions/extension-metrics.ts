// SPDX-License-Identifier: Apache-2.0
import type { LabelledReading, MetricReading, MetricRegistry } from '../extension-sdk/metric-registry.ts'
import type { LabelledMetric } from '../metrics/metric-reading.ts'
import type { MetricRegistry as BrokerRegistry } from '../metrics/metric-registry.ts'

/** All metrics, and which of them were made by which extension. */
export class ExtensionMetrics {
  readonly #registry: BrokerRegistry
  readonly #owners = new Map<string, string>()

  constructor(registry: BrokerRegistry) {
    this.#registry = registry
  }

  /** The registry as one extension sees it. */
  of(owner: string): MetricRegistry {
    const registry = this.#registry
    const own = <T>(name: string, make: () => T): T => this.#own(owner, name, make)
    return {
      counter: (name) => own(name, () => registry.counter(name)),
      gauge: (name, read) => own(name, () => registry.gauge(name, () => toNumber(read()))),
      meter: (name) => own(name, () => registry.meter(name)),
      histogram: (name) => own(name, () => registry.histogram(name)),
      timer: (name) => own(name, () => registry.timer(name)),
      readAll: () => this.readAll(),
      readLabelled: () => this.#readLabelled(),
    }
  }

  readAll(): MetricReading[] {
    return this.#registry.readAll().toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }

  /** An extension has stopped: what it has made goes. */
  remove(owner: string): void {
    for (const [name, maker] of this.#owners) {
      if (maker !== owner) continue
      this.#owners.delete(name)
      this.#registry.remove(name)
    }
  }

  #readLabelled(): LabelledReading[] {
    const readings: LabelledReading[] = []
    for (const metric of this.#registry.labelledMetrics) {
      try {
        readings.push(toReading(metric))
      } catch {
        continue
      }
    }
    return readings
  }

  /** What the broker or another extension has made is nobody else's to count. */
  #own<T>(owner: string, name: string, make: () => T): T {
    const maker = this.#owners.get(name)
    if (maker !== owner && this.#registry.has(name)) {
      throw new Error(`The metric ${name} exists already, made by ${maker ?? 'the broker'}`)
    }
    const metric = make()
    this.#owners.set(name, owner)
    return metric
  }
}

/** As in HiveMQ a gauge may say yes or no, and is left out while it says anything else. Extensions need not have types. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  throw new TypeError('A gauge gives a number')
}

function toReading(metric: LabelledMetric): LabelledReading {
  const { name, help, kind } = metric
  if (kind !== 'histogram') {
    return { name, help, kind, values: [...metric.read()].map(({ labels = {}, value }) => ({ labels, value })) }
  }
  const values = [...metric.read()].map(({ labels = {}, value: { bounds, counts, sum } }) => {
    return { labels, bounds, counts: [...counts], sum }
  })
  return { name, help, kind, values }
}
