// SPDX-License-Identifier: Apache-2.0
import type { Figure } from './load/job.ts'
import type { Results } from './results.ts'
import { toTable, toText } from './table.ts'
import type { TargetResult } from './targets.ts'
import type { Workload } from './workload.ts'

/** The first that takes part is what others are compared with. */
const BASES = ['mosquitto', 'waggle']
/** Above this share of its time the load generator may well be what limits a figure. */
const BUSY = 0.9

const LABELS: Record<Figure, string> = {
  memoryAfterStartMb: 'memory, MB',
  messagesPerSec: 'messages/s',
  cpuMicrosPerMessage: 'CPU µs/message',
  p50Micros: 'p50 µs',
  p90Micros: 'p90 µs',
  p99Micros: 'p99 µs',
  p999Micros: 'p99.9 µs',
  bytesPerConnection: 'bytes/connection',
  connectsPerSec: 'connects/s',
  cpuMicrosPerConnect: 'CPU µs/connect',
  enqueuedPerSec: 'enqueue: messages/s',
  cpuMicrosPerEnqueue: 'enqueue: CPU µs/message',
  drainedPerSec: 'drain: messages/s',
  cpuMicrosPerDrain: 'drain: CPU µs/message',
  enqueuedAgainPerSec: 'second enqueue: messages/s',
  drainedAgainPerSec: 'second drain: messages/s',
  peakMemoryMb: 'peak memory, MB',
  peakPrivateMb: '  without mapped files, MB',
  storeMb: 'store, MB',
  storeGrowth: '  after the second time, x',
  startSeconds: 'start, s',
  privateAfterStartMb: '  without mapped files, MB',
  loadMicros: 'CPU µs/message',
  loadShare: 'busy',
}

/** Medians, and how many times Mosquitto's they are. */
export function figuresTable(workloads: readonly Workload[], brokers: readonly string[], results: Results): string {
  const base = BASES.find((name) => brokers.includes(name)) ?? ''
  const rivals = base === '' ? [] : brokers.filter((name) => name !== base)
  const header = ['workload', 'figure', ...brokers, ...rivals.map((name) => `${name}/${base}`)]
  const rows = workloads.flatMap(({ name: workload, figures }) =>
    figures.map((figure, i) => [
      i === 0 ? workload : '',
      LABELS[figure],
      ...brokers.map((broker) => toText(results.median(workload, broker, figure))),
      ...rivals.map((broker) => {
        const ratio = results.ratio(workload, broker, base, figure)
        return ratio === undefined ? '-' : `x${ratio.toFixed(2)}`
      }),
    ]),
  )
  return toTable([header, ...rows], 2)
}

/** What the load generator spent, so that one sees what it was not the limit of. */
export function loadTable(workloads: readonly Workload[], brokers: readonly string[], results: Results): string {
  const measured = workloads.filter(({ name }) =>
    brokers.some((broker) => results.median(name, broker, 'loadMicros') !== undefined),
  )
  if (measured.length === 0) return ''
  const rows = measured.map(({ name }) => [
    name,
    ...brokers.map((broker) => {
      const share = results.median(name, broker, 'loadShare')
      if (share === undefined) return '-'
      const percent = `${Math.round(share * 100)} %${share > BUSY ? ' !' : '  '}`
      return `${toText(results.median(name, broker, 'loadMicros'))} µs ${percent.padStart(7)}`
    }),
  ])
  return toTable([['workload', ...brokers], ...rows], 1)
}

export function targetsTable(targets: readonly TargetResult[]): string {
  const rows = targets.map(({ target, value, verdict }) => [
    target.text,
    verdict,
    toText(value),
    `${target.bound} ${target.limit} ${target.unit}`,
  ])
  return toTable([['target', 'verdict', 'measured', 'wanted'], ...rows], 2)
}

/** What there is to choose from. */
export function titlesTable(workloads: readonly Workload[]): string {
  return toTable(
    workloads.map(({ name, title }) => [`  ${name}`, title]),
    2,
  )
}
