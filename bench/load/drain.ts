// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { untilComplete } from './completion.ts'
import { frameLengthOf } from './frames.ts'
import { disconnect } from './handshake.ts'
import type { LoadTarget, OfflineJob } from './job.ts'
import { offlineClientId } from './offline-sessions.ts'
import { ReturningSubscriber } from './returning-subscriber.ts'
import { type Lap, startStopwatch } from './stopwatch.ts'
import { newTally } from './tally.ts'

/** What comes so long after the last message that was due is one too many. */
const QUIET_MS = 20

/** Brings all clients of the job back, until they have all that was kept for them. */
export async function drain(job: OfflineJob, target: LoadTarget): Promise<Lap> {
  const { messagesPerSession, sessions, version } = job
  const tally = newTally()
  const frame = { length: frameLengthOf({ ...job, qos: 1 }), payloadBytes: job.payloadBytes }
  const readStopwatch = startStopwatch(target.pid)
  const subscribers = Array.from(
    { length: sessions },
    (_, index) => new ReturningSubscriber(target.port, offlineClientId(index), version, tally, frame),
  )
  try {
    await untilComplete(tally, () => tally.received >= messagesPerSession * sessions)
    const lap = readStopwatch()
    await sleep(QUIET_MS)
    const unequal = subscribers.find(({ received }) => received !== messagesPerSession)
    if (unequal !== undefined) {
      throw new Error(`a session got ${unequal.received} messages instead of ${messagesPerSession}`)
    }
    if (tally.fault !== null) throw new Error(tally.fault)
    // What they acknowledge counts only if the broker has read it.
    await Promise.all(subscribers.map(({ connection }) => disconnect(connection, version)))
    return lap
  } finally {
    for (const { connection } of subscribers) connection.drop()
  }
}
