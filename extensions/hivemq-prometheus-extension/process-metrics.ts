// SPDX-License-Identifier: Apache-2.0
import type { LabelledReading } from 'waggle/extension'

/**
 * What every Prometheus client tells of its process, under the names that dashboards for Node.js know from prom-client. That
 * library would bring a registry of its own, and a second watch over the event loop and the garbage collector.
 */
export function readProcessMetrics(): LabelledReading[] {
  const { user, system } = process.cpuUsage()
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage()
  return [
    one('counter', 'process_cpu_user_seconds_total', 'CPU time in the program, in seconds', user / 1e6),
    one('counter', 'process_cpu_system_seconds_total', 'CPU time in the kernel, in seconds', system / 1e6),
    one('counter', 'process_cpu_seconds_total', 'CPU time in both, in seconds', (user + system) / 1e6),
    one('gauge', 'process_start_time_seconds', 'Start of the process, in seconds since 1970', START_SECONDS),
    one('gauge', 'process_resident_memory_bytes', 'Resident memory of the process', rss),
    one('gauge', 'nodejs_heap_size_total_bytes', 'Bytes that the heap has of the computer', heapTotal),
    one('gauge', 'nodejs_heap_size_used_bytes', 'Bytes in use on the heap', heapUsed),
    one('gauge', 'nodejs_external_memory_bytes', 'Bytes outside of the heap that belong to its objects', external),
    one('gauge', 'nodejs_version_info', 'Version of Node.js', 1, { version: process.version }),
  ]
}

const START_SECONDS = performance.timeOrigin / 1000

function one(
  kind: 'counter' | 'gauge',
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): LabelledReading {
  return { kind, name, help, values: [{ labels, value }] }
}
