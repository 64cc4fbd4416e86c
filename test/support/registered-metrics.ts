// SPDX-License-Identifier: Apache-2.0
import { registerHivemqMetrics } from '../../src/broker/hivemq-metrics.ts'
import { registerWaggleMetrics } from '../../src/broker/waggle-metrics.ts'
import { ExtensionCalls } from '../../src/extensions/extension-calls.ts'
import type { MetricReading } from '../../src/metrics/metric-reading.ts'
import { MetricRegistry } from '../../src/metrics/metric-registry.ts'
import { SystemMetrics } from '../../src/system/system-metrics.ts'
import { watchEventLoop } from '../../src/system/event-loop-lag.ts'
import type { MemoryBroker } from './memory-broker.ts'

/** The registry of a broker in memory, with all that main.ts puts into it. */
export function registerMetrics(
  { broker, clock }: MemoryBroker,
  isInMemory = false,
  registry: MetricRegistry = new MetricRegistry(clock),
  calls: ExtensionCalls = new ExtensionCalls(clock),
): MetricRegistry {
  registerHivemqMetrics(registry, broker, isInMemory)
  registerWaggleMetrics(registry, broker)
  new SystemMetrics(clock).register(registry)
  watchEventLoop(clock, registry)
  for (const metric of calls.metrics) registry.labelled(metric)
  return registry
}

/** Value or count of each metric by name. */
export function valuesOf(registry: MetricRegistry): Map<string, number> {
  return new Map(registry.readAll().map((reading) => [reading.name, numberOf(reading)]))
}

function numberOf(reading: MetricReading): number {
  return 'value' in reading ? reading.value : reading.count
}
