// SPDX-License-Identifier: Apache-2.0
import type { LabelledReading, MetricReading, MetricRegistry } from '../extension-sdk/metric-registry.ts'
import type { LabelledMetric } from '../metrics/metric-reading.ts'
import type { MetricRegistry as BrokerRegistry } from '../metrics/metric-registry.ts'

type Reader = (() => unknown) | null

/** A metric that extensions have made: by one, though by two generations of it while it is reloaded. */
interface Made {
  readonly id: string
  /** Those that have it, the latest last, with what a gauge reads; null for what is no gauge. */
  readonly holders: Map<object, Reader>
}

/** All metrics, and which of them were made by which extension. */
export class ExtensionMetrics {
  readonly #registry: BrokerRegistry
  readonly #made = new Map<string, Made>()

  constructor(registry: BrokerRegistry) {
    this.#registry = registry
  }

  /** The registry as one extension sees it. `generation` is what runs of it. */
  of(id: string, generation: object): MetricRegistry {
    const registry = this.#registry
    const own = <T>(name: string, make: (made: Made) => T, read: Reader = null): T => {
      return this.#own(id, generation, name, make, read)
    }
    return {
      counter: (name) => own(name, () => registry.counter(name)),
      gauge: (name, read) => {
        const make = (made: Made): void => {
          const isInherited = readerOf(made) !== null && !made.holders.has(generation)
          if (!isInherited) registry.gauge(name, () => toNumber(readerOf(made)!()))
        }
        own(name, make, read)
      },
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

  /** An extension has stopped: what it has made goes, unless another generation has it. */
  remove(generation: object): void {
    for (const [name, { holders }] of this.#made) {
      if (!holders.delete(generation) || holders.size > 0) continue
      this.#made.delete(name)
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
  #own<T>(id: string, generation: object, name: string, make: (made: Made) => T, read: Reader): T {
    const made = this.#made.get(name) ?? { id, holders: new Map() }
    if (made.id !== id || (made.holders.size === 0 && this.#registry.has(name))) {
      throw new Error(`The metric ${name} exists already, made by ${made.holders.size === 0 ? 'the broker' : made.id}`)
    }
    const metric = make(made)
    this.#made.set(name, made)
    made.holders.delete(generation)
    made.holders.set(generation, read)
    return metric
  }
}

function readerOf({ holders }: Made): Reader {
  return [...holders.values()].at(-1) ?? null
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
