// SPDX-License-Identifier: Apache-2.0
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { drive, latencyFigures, openLatencyTraffic } from './fixed-rate.ts'
import type { JobResult, LoadTarget, LoginStormJob } from './job.ts'
import { startStopwatch } from './stopwatch.ts'
import { deliveryFault } from './traffic.ts'

const ENTRY = join(import.meta.dirname, 'storm-process.ts')
/** The traffic runs for so long before the storm begins. */
const CALM_MS = 500
/** A storm that has not passed by then is a fault. */
const PATIENCE_MS = 25_000
const QUIET_MS = 20

/** By the broker's port: which clients have been part of a storm. */
const stormClients = new Map<number, number>()

/** Latency of running traffic from the first to the last login of the storm. */
export async function runLoginStorm(job: LoginStormJob, target: LoadTarget): Promise<JobResult> {
  const child = fork(ENTRY, { execPath: process.execPath })
  const isLoaded = once(child, 'message')
  const { open, latencies } = await openLatencyTraffic(job.traffic, target)
  try {
    await isLoaded
    let isOver = false
    const startMs = performance.now()
    const driving = drive(open, job, (nowMs) => isOver || nowMs > startMs + PATIENCE_MS)
    await sleep(CALM_MS)
    const from = stormClients.get(target.port) ?? 0
    stormClients.set(target.port, from + job.logins)
    latencies.length = 0
    const [receivedBefore, readStopwatch] = [open.tally.received, startStopwatch(target.pid)]
    child.send({ port: target.port, from, count: job.logins })
    const answered = once(child, 'message') as Promise<[{ readonly fault: string | null }]>
    const answer = await Promise.race([answered, driving])
    const lap = readStopwatch()
    const during = Float64Array.from(latencies).toSorted()
    const received = open.tally.received - receivedBefore
    isOver = true
    await driving
    await sleep(QUIET_MS)
    const stormFault = answer === undefined ? 'the storm did not pass' : answer[0].fault
    const fault = open.tally.fault ?? stormFault ?? deliveryFault(open, job.traffic)
    if (fault !== null) return { figures: {}, fault }
    return {
      figures: {
        connectsPerSec: job.logins / lap.seconds,
        messagesPerSec: received / lap.seconds,
        ...latencyFigures(during),
      },
      fault: null,
    }
  } finally {
    open.close()
    child.kill('SIGKILL')
  }
}
