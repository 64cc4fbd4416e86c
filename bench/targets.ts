// SPDX-License-Identifier: Apache-2.0
import type { Figure } from './load/job.ts'
import type { Results } from './results.ts'

/** What Waggle is to reach: a multiple of another broker's figure, or of its own without what is looked at, or a value. */
export interface Target {
  readonly text: string
  readonly workload: string
  readonly figure: Figure
  readonly of: 'mosquitto' | 'mosquitto-persistent' | 'waggle' | 'absolute'
  /** `waggle` unless set. */
  readonly broker?: 'waggle-rbac'
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
  ['TLS fan-in, QoS 0: messages/s', 'tls-fan-in-q0', 'messagesPerSec', 'at least', 2],
  ['WebSocket fan-in, QoS 0: messages/s', 'ws-fan-in-q0', 'messagesPerSec', 'at least', 2],
  ['TLS handshakes/s', 'tls-connect-rate', 'connectsPerSec', 'at least', 0.8],
  ['10 000 messages/s: CPU per message', 'rate-10k-q0', 'cpuMicrosPerMessage', 'at most', 1.35],
]

type ValueRow = readonly [...RatioRow, unit: string]

const DURABLE: readonly ValueRow[] = [
  ['durable pairs, QoS 1: messages/s', 'durable-pairs-q1', 'messagesPerSec', 'at least', 40_000, 'messages/s'],
  ['enqueue for clients that are away', 'offline', 'enqueuedPerSec', 'at least', 80_000, 'messages/s'],
  ['drain when they come back', 'offline', 'drainedPerSec', 'at least', 100_000, 'messages/s'],
  ['memory with 1 000 000 queued, without mapped files', 'offline', 'peakPrivateMb', 'at most', 300, 'MB'],
  ['store after a second time', 'offline', 'storeGrowth', 'at most', 1.1, 'x its size after the first'],
  ['start with a large store', 'start-large', 'startSeconds', 'at most', 5, 's'],
]

/** Of what goes through without file-RBAC. */
const RBAC: readonly (readonly [text: string, workload: string])[] = [
  ['file-RBAC, fan-in, QoS 0: messages/s', 'rbac-fan-in-q0'],
  ['file-RBAC, fan-in, QoS 1: messages/s', 'rbac-fan-in-q1'],
  ['file-RBAC, fan-in, QoS 2: messages/s', 'rbac-fan-in-q2'],
  ['file-RBAC, fan-out, QoS 0: messages/s', 'rbac-fan-out-q0'],
  ['file-RBAC, fan-out, QoS 1: messages/s', 'rbac-fan-out-q1'],
  ['file-RBAC, fan-out, QoS 2: messages/s', 'rbac-fan-out-q2'],
  ['file-RBAC, pairs, QoS 0: messages/s', 'rbac-pairs-q0'],
  ['file-RBAC, pairs, QoS 1: messages/s', 'rbac-pairs-q1'],
  ['file-RBAC, pairs, QoS 2: messages/s', 'rbac-pairs-q2'],
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
  {
    text: 'durable pairs, QoS 1: messages/s',
    workload: 'durable-pairs-q1',
    figure: 'messagesPerSec',
    of: 'mosquitto-persistent',
    bound: 'at least',
    limit: 5,
    unit: 'x Mosquitto with persistence',
  },
  ...RBAC.map(([text, workload]): Target => ({
    text,
    workload,
    figure: 'messagesPerSec',
    of: 'waggle',
    broker: 'waggle-rbac',
    bound: 'at least',
    limit: 0.9,
    unit: 'x without',
  })),
  {
    text: 'login storm: p99 of other traffic',
    workload: 'login-storm',
    figure: 'p99Micros',
    of: 'absolute',
    broker: 'waggle-rbac',
    bound: 'at most',
    limit: 50_000,
    unit: 'µs',
  },
  ...DURABLE.map(([text, workload, figure, bound, limit, unit]): Target => ({
    text,
    workload,
    figure,
    of: 'absolute',
    bound,
    limit,
    unit,
  })),
]

export function checkTargets(results: Results): TargetResult[] {
  return TARGETS.map((target) => {
    const { workload, figure, of, broker = 'waggle', bound, limit } = target
    const value =
      of === 'absolute' ? results.median(workload, broker, figure) : results.ratio(workload, broker, of, figure)
    if (value === undefined) return { target, value, verdict: 'not measured' }
    const isMet = bound === 'at least' ? value >= limit : value <= limit
    return { target, value, verdict: isMet ? 'pass' : 'FAIL' }
  })
}
