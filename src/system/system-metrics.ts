// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, freemem, totalmem, uptime } from 'node:os'
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { MetricReading } from '../metrics/metric-reading.ts'
import type { MetricRegistry } from '../metrics/metric-registry.ts'
import type { Clock } from '../util/clock.ts'
import { type CpuTicks, fieldOf, parseCpuTicks, parseDiskStats, parseNetDev, readProc } from './proc-files.ts'

/** Two looks that are closer together than this get the same CPU load: in less a share of ticks means nothing. */
const MIN_LOAD_INTERVAL_MS = 1_000

/** The types of Node do not know what the entries of `gc` say. */
interface GarbageCollection extends PerformanceEntry {
  readonly detail: { readonly kind: number }
}

/**
 * Names of HiveMQ Enterprise for the JVM and the computer, which public dashboards show: what there is of it in this process. The
 * names of the JVM tell of V8 only by analogy; docs/metrics.md says of each what stands in it.
 */
export class SystemMetrics {
  readonly #clock: Clock
  readonly #heapAtStart: number = process.memoryUsage().heapTotal
  readonly #collections = { minor: 0, minorMs: 0, major: 0, majorMs: 0 }
  #looked: { readonly atMs: number; readonly cpuMs: number; readonly ticks: CpuTicks | null }
  #processLoad = 0
  #systemLoad: number | null = null

  constructor(clock: Clock) {
    this.#clock = clock
    this.#looked = this.#look()
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as GarbageCollection[]) this.#collected(entry.detail.kind, entry.duration)
    })
    observer.observe({ entryTypes: ['gc'] })
  }

  register(registry: MetricRegistry): void {
    registry.source(() => this.#read())
  }

  #read(): MetricReading[] {
    this.#measureLoad()
    const readings = { ...this.#runtime(), ...this.#computer(), ...devices() }
    return Object.entries(readings)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ({ kind: 'gauge', name: `com.hivemq.${name}`, value: value! }))
  }

  #runtime(): Record<string, number | undefined> {
    const { heapUsed, heapTotal, external, arrayBuffers, rss } = process.memoryUsage()
    const heapLimit = getHeapStatistics().heap_size_limit
    const { user, system } = process.cpuUsage()
    const { minor, minorMs, major, majorMs } = this.#collections
    const status = readProc('self/status') ?? ''
    const threads = fieldOf(status, 'Threads')
    return {
      'jvm.memory.heap.used': heapUsed,
      'jvm.memory.heap.committed': heapTotal,
      'jvm.memory.heap.init': this.#heapAtStart,
      'jvm.memory.heap.max': heapLimit,
      'jvm.memory.heap.usage': heapUsed / heapLimit,
      'jvm.memory.non-heap.used': external,
      'jvm.memory.non-heap.committed': external,
      'jvm.memory.total.used': heapUsed + external,
      'jvm.memory.total.committed': rss,
      'jvm.buffer-pool.direct.used': arrayBuffers,
      'jvm.buffer-pool.direct.capacity': arrayBuffers,
      'jvm.garbage-collector.G1-Young-Generation.count': minor,
      'jvm.garbage-collector.G1-Young-Generation.time': Math.round(minorMs),
      'jvm.garbage-collector.G1-Old-Generation.count': major,
      'jvm.garbage-collector.G1-Old-Generation.time': Math.round(majorMs),
      'jvm.threads.count': threads,
      'system.os.process.threads.count': threads,
      'system.os.process.memory.resident-set-size': rss,
      'system.os.process.memory.virtual': fieldOf(status, 'VmSize'),
      'system.os.process.time-spent.user': user / 1000,
      'system.os.process.time-spent.kernel': system / 1000,
      'system.process-cpu.time': (user + system) * 1000,
      'system.process-cpu.load': this.#processLoad,
      'cpu-cores.used': availableParallelism(),
    }
  }

  #computer(): Record<string, number | undefined> {
    const memory = readProc('meminfo') ?? ''
    const swapTotal = fieldOf(memory, 'SwapTotal')
    const swapFree = fieldOf(memory, 'SwapFree')
    const load = this.#systemLoad ?? undefined
    return {
      'system.os.global.cpu.total.total': load === undefined ? undefined : load * 100,
      'system.system-cpu.load': load,
      'system.os.global.memory.total': totalmem(),
      'system.os.global.memory.available': fieldOf(memory, 'MemAvailable') ?? freemem(),
      'system.os.global.memory.swap.total': swapTotal,
      'system.os.global.memory.swap.used': swapTotal === undefined ? undefined : swapTotal - (swapFree ?? 0),
      'system.os.global.uptime': uptime(),
      'system.physical-memory.total': totalmem(),
      'system.physical-memory.free': freemem(),
      'system.swap-space.total': swapTotal,
      'system.swap-space.free': swapFree,
    }
  }

  #look(): { atMs: number; cpuMs: number; ticks: CpuTicks | null } {
    const { user, system } = process.cpuUsage()
    const stat = readProc('stat')
    return {
      atMs: this.#clock.now(),
      cpuMs: (user + system) / 1000,
      ticks: stat === null ? null : parseCpuTicks(stat),
    }
  }

  #measureLoad(): void {
    const before = this.#looked
    if (this.#clock.now() - before.atMs < MIN_LOAD_INTERVAL_MS) return
    const now = this.#look()
    this.#looked = now
    this.#processLoad = (now.cpuMs - before.cpuMs) / (now.atMs - before.atMs) / availableParallelism()
    if (now.ticks === null || before.ticks === null) return
    const total = now.ticks.total - before.ticks.total
    this.#systemLoad = total > 0 ? 1 - (now.ticks.idle - before.ticks.idle) / total : 0
  }

  #collected(kind: number, durationMs: number): void {
    const collections = this.#collections
    if (kind === constants.NODE_PERFORMANCE_GC_MINOR) {
      collections.minor++
      collections.minorMs += durationMs
    } else if (kind === constants.NODE_PERFORMANCE_GC_MAJOR || kind === constants.NODE_PERFORMANCE_GC_INCREMENTAL) {
      collections.major++
      collections.majorMs += durationMs
    }
  }
}

function devices(): Record<string, number> {
  const readings: Record<string, number> = {}
  for (const { name, received, sent } of parseNetDev(readProc('net/dev') ?? '')) {
    readings[`system.os.network.interface.${name}.bytes.received`] = received
    readings[`system.os.network.interface.${name}.bytes.sent`] = sent
  }
  for (const { name, received, sent } of parseDiskStats(readProc('diskstats') ?? '')) {
    readings[`system.os.disks./dev/${name}.read.bytes`] = received
    readings[`system.os.disks./dev/${name}.write.bytes`] = sent
  }
  return readings
}
