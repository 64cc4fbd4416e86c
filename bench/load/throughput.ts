// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobResult, LoadTarget, ThroughputJob } from './job.ts'
import type { Publisher } from './publisher.ts'
import { startStopwatch } from './stopwatch.ts'
import { type OpenTraffic, deliveryFault, openTraffic } from './traffic.ts'

/** Messages that a publisher sends at once. The broker sees batches, as from a gateway, but never all of the window. */
const BURST = 16
/** Nothing sent and nothing arrived for so long: something is lost. */
const STALL_MS = 5000
const WATCH_MS = 50
/** What comes so long after the last message that was due is one too many. */
const QUIET_MS = 20

export async function runThroughput(job: ThroughputJob, target: LoadTarget): Promise<JobResult> {
  const open = await openTraffic(target.port, job.traffic, { window: job.window, onMessage: null })
  try {
    const { tally } = open
    const readStopwatch = startStopwatch(target.pid)
    await drive(open, job)
    // A broker that has ended has no CPU time to be read.
    if (tally.fault !== null) return { figures: {}, fault: tally.fault }
    const lap = readStopwatch()
    await sleep(QUIET_MS)
    const fault = tally.fault ?? deliveryFault(open, job.traffic)
    if (fault !== null) return { figures: {}, fault }
    const { received } = tally
    return {
      figures: {
        messagesPerSec: received / lap.seconds,
        cpuMicrosPerMessage: (lap.brokerCpuSeconds * 1e6) / received,
        loadMicros: (lap.loadCpuSeconds * 1e6) / received,
        loadShare: lap.loadCpuSeconds / lap.seconds,
      },
      fault: null,
    }
  } finally {
    open.close()
  }
}

/** Publishes until the time is over, and waits until all has arrived, something is wrong, or nothing comes any more. */
function drive(open: OpenTraffic, job: ThroughputJob): Promise<void> {
  const { tally, publishers, copies } = open
  const isAcknowledged = job.traffic.qos > 0
  const endMs = performance.now() + job.seconds * 1000
  let expected = 0
  let nextPublisher = 0
  const asked: Publisher[] = []

  /** Publishers take turns until enough is on its way, or none of them may send. Each sends its bursts in one write. */
  const publish = (): void => {
    let refusals = 0
    while (refusals < publishers.length && expected - tally.received < job.outstanding) {
      const publisher = publishers[nextPublisher]!
      nextPublisher = (nextPublisher + 1) % publishers.length
      const count = publisher.want(BURST)
      expected += count * copies[publisher.topic]!
      if (count === 0) refusals++
      else {
        refusals = 0
        asked.push(publisher)
      }
    }
    for (const publisher of asked) publisher.flush()
    asked.length = 0
  }

  return new Promise((resolve) => {
    let isScheduled = false
    let progressMs = performance.now()
    let progressSeen = 0

    const finish = (): void => {
      clearInterval(watch)
      tally.onProgress = () => undefined
      resolve()
    }
    const turn = (): void => {
      isScheduled = false
      const isDone = tally.received >= expected && (!isAcknowledged || tally.acknowledged === tally.sent)
      if (tally.fault !== null) finish()
      else if (performance.now() < endMs) publish()
      else if (isDone) finish()
    }
    // Everything that is ready is read before anything is sent. Most chunks of a broker that sends message by message make
    // no difference yet; an extra turn of the event loop for each would cost as much as reading them.
    const schedule = (): void => {
      if (isScheduled || (expected - tally.received >= job.outstanding && tally.fault === null)) return
      isScheduled = true
      setImmediate(turn)
    }
    const watch = setInterval(() => {
      const progress = tally.sent + tally.received + tally.acknowledged
      if (progress !== progressSeen) progressMs = performance.now()
      else if (performance.now() - progressMs > STALL_MS) return finish()
      progressSeen = progress
      schedule()
    }, WATCH_MS)
    tally.onProgress = schedule
    schedule()
  })
}
