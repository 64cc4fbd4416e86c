// SPDX-License-Identifier: Apache-2.0
import type { Figure } from './load/job.ts'
import type { Results } from './results.ts'

/** What Waggle is to reach: a multiple of Mosquitto's figure, or a value. */
export interface Target {
  readonly text: string
  readonly workload: string
  readonly figure: Figure
  readonly of: 'mosquitto' | 'absolute'
  readonly bound: 'at least' | 'at most'
  readonly limit: number
  readonly unit: string
}

export interface TargetResult {
  readonly target: Target
  readonly value: number | undefined
  readonly verdict: 'pass' | 'FAIL' | 'not measured'
}

type RatioRow = readonly [text: string, workload: string, figure: Figure, bound: Target['bound'], limit: number]

const RATIOS: readonly RatioRow[] = [
  ['fan-in, QoS 0: messages/s', 'fan-in-q0', 'messagesPerSec', 'at least', 4],
  ['fan-out, QoS 0: messages/s', 'fan-out-q0', 'messagesPerSec', 'at least', 12],
  ['pairs, QoS 0: messages/s', 'pairs-q0', 'messagesPerSec', 'at least', 3.5],
  ['fan-in, QoS 1: messages/s', 'fan-in-q1', 'messagesPerSec', 'at least', 4],
  ['pairs, QoS 1: messages/s', 'pairs-q1', 'messagesPerSec', 'at least', 1],
  ['pairs, QoS 1: CPU per message', 'pairs-q1', 'cpuMicrosPerMessage', 'at most', 0.8],
  ['pairs, QoS 2: messages/s', 'pairs-q2', 'messagesPerSec', 'at least', 1],
  ['16 kB payloads: messages/s', 'large-q0', 'messagesPerSec', 'at least', 0.9],
  ['10 000 messages/s: p50', 'rate-10k-q0', 'p50Micros', 'at most', 1.25],
  ['10 000 messages/s: p99', 'rate-10k-q0', 'p99Micros', 'at most', 1.25],
  ['10 000 messages/s: CPU per message', 'rate-10k-q0', 'cpuMicrosPerMessage', 'at most', 1.35],
]

export const TARGETS: readonly Target[] = [
  ...RATIOS.map(([text, workload, figure, bound, limit]): Target => ({
    text,
    workload,
    figure,
    of: 'mosquitto',
    bound,
    limit,
    unit: 'x Mosquitto',
  })),
  {
    text: 'memory of an idle connection',
    workload: 'idle',
    figure: 'bytesPerConnection',
    of: 'absolute',
    bound: 'at most',
    limit: 12 * 1024,
    unit: 'bytes',
  },
  {
    text: 'memory after start',
    workload: 'start',
    figure: 'memoryAfterStartMb',
    of: 'absolute',
    bound: 'at most',
    limit: 90,
    unit: 'MB',
  },
]

export function checkTargets(results: Results): TargetResult[] {
  return TARGETS.map((target) => {
    const { workload, figure, of, bound, limit } = target
    const value =
      of === 'absolute'
        ? results.median(workload, 'waggle', figure)
        : results.ratio(workload, 'waggle', 'mosquitto', figure)
    if (value === undefined) return { target, value, verdict: 'not measured' }
    const isMet = bound === 'at least' ? value >= limit : value <= limit
    return { target, value, verdict: isMet ? 'pass' : 'FAIL' }
  })
}
