// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../statistics.ts'
import type { Figures, FixedRateJob, JobResult, LoadTarget, Traffic } from './job.ts'
import { startStopwatch } from './stopwatch.ts'
import { type OpenTraffic, deliveryFault, openTraffic } from './traffic.ts'

/** At QoS 1 no more than this is unacknowledged of one publisher: far more than ever should be. */
const WINDOW = 100
/** How long stragglers are waited for. */
const PATIENCE_MS = 5000
const QUIET_MS = 20

export async function runFixedRate(job: FixedRateJob, target: LoadTarget): Promise<JobResult> {
  const { open, latencies } = await openLatencyTraffic(job.traffic, target)
  try {
    const { tally } = open
    const readStopwatch = startStopwatch(target.pid)
    const endMs = performance.now() + job.seconds * 1000
    await drive(open, job, (nowMs) => nowMs >= endMs)
    if (tally.fault !== null) return { figures: {}, fault: tally.fault }
    const lap = readStopwatch()
    await sleep(QUIET_MS)
    const fault = tally.fault ?? deliveryFault(open, job.traffic)
    if (fault !== null) return { figures: {}, fault }
    return {
      figures: {
        messagesPerSec: tally.received / lap.seconds,
        cpuMicrosPerMessage: (lap.brokerCpuSeconds * 1e6) / tally.received,
        ...latencyFigures(Float64Array.from(latencies).toSorted()),
      },
      fault: null,
    }
  } finally {
    open.close()
  }
}

/** Connections whose messages carry the time at which they left; milliseconds until they have arrived are noted. */
export async function openLatencyTraffic(
  traffic: Traffic,
  { port }: LoadTarget,
): Promise<{ readonly open: OpenTraffic; readonly latencies: number[] }> {
  const latencies: number[] = []
  const { payloadBytes } = traffic
  const onMessage = (buffer: Buffer, _start: number, end: number): void => {
    latencies.push(performance.now() - buffer.readDoubleLE(end - payloadBytes))
  }
  return { open: await openTraffic(port, traffic, { window: WINDOW, onMessage }), latencies }
}

export function latencyFigures(sorted: Float64Array): Figures {
  return {
    p50Micros: quantile(sorted, 0.5) * 1000,
    p90Micros: quantile(sorted, 0.9) * 1000,
    p99Micros: quantile(sorted, 0.99) * 1000,
    p999Micros: quantile(sorted, 0.999) * 1000,
  }
}

/**
 * Sends each message when its time has come. The event loop never sleeps meanwhile: a timer is a millisecond late, and
 * waking up from a sleep would be part of every latency. Messages carry the time at which they really left, so that a pause
 * of this process is not taken for one of the broker's.
 */
export function drive(
  open: OpenTraffic,
  job: Pick<FixedRateJob, 'traffic' | 'messagesPerSec'>,
  isOver: (nowMs: number) => boolean,
): Promise<void> {
  const { tally, publishers, copies } = open
  const startMs = performance.now()
  let endMs = Number.POSITIVE_INFINITY
  let expected = 0
  let nextPublisher = 0

  const sendDue = (nowMs: number): void => {
    const due = Math.trunc(((nowMs - startMs) / 1000) * job.messagesPerSec)
    for (let refusals = 0; tally.sent < due && refusals < publishers.length;) {
      const publisher = publishers[nextPublisher]!
      nextPublisher = (nextPublisher + 1) % publishers.length
      if (publisher.sendStamped(performance.now())) expected += copies[publisher.topic]!
      else refusals++
    }
  }

  return new Promise((resolve) => {
    const turn = (): void => {
      const nowMs = performance.now()
      if (endMs === Number.POSITIVE_INFINITY && isOver(nowMs)) endMs = nowMs
      const isAcknowledged = job.traffic.qos === 0 || tally.acknowledged === tally.sent
      const isDone = nowMs >= endMs && tally.received >= expected && isAcknowledged
      if (isDone || tally.fault !== null || nowMs > endMs + PATIENCE_MS) return resolve()
      if (nowMs < endMs) sendDue(nowMs)
      setImmediate(turn)
    }
    turn()
  })
}
