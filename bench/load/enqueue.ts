// SPDX-License-Identifier: Apache-2.0
import { untilComplete } from './completion.ts'
import type { Connection } from './connection.ts'
import { type FrameShape, makeRing, topicOf } from './frames.ts'
import { establish } from './handshake.ts'
import type { LoadTarget, OfflineJob } from './job.ts'
import { Publisher } from './publisher.ts'
import { type Lap, startStopwatch } from './stopwatch.ts'
import { newTally, type Tally } from './tally.ts'

/** Publishes all messages of the job, each with its number in its session, until the last is acknowledged. */
export async function enqueue(job: OfflineJob, target: LoadTarget): Promise<Lap> {
  const { messagesPerSession, sessions } = job
  const tally = newTally()
  const connections: Connection[] = []
  try {
    const publishers: Publisher[] = []
    for (let i = 0; i < job.publishers; i++) {
      const { connection, receiveMaximum } = await establish(target.port, `bench-publisher-${i}`, job.version)
      connections.push(connection)
      publishers.push(newPublisher(job, i, connection, tally, Math.min(job.window, receiveMaximum)))
    }
    const share = (messagesPerSession * sessions) / job.publishers
    const readStopwatch = startStopwatch(target.pid)
    await untilComplete(tally, () => {
      for (const publisher of publishers) {
        publisher.want(share - publisher.sent)
        publisher.flush()
      }
      return tally.acknowledged === messagesPerSession * sessions
    })
    return readStopwatch()
  } finally {
    for (const connection of connections) connection.drop()
  }
}

/** Publisher `index` of n has the sessions `index`, `index + n`, …, which take turns. */
function newPublisher(job: OfflineJob, index: number, connection: Connection, tally: Tally, window: number): Publisher {
  const { publishers, payloadBytes, version } = job
  const shape: FrameShape = { qos: 1, payloadBytes, version }
  const topics = Array.from({ length: job.sessions / publishers }, (_, i) => topicOf(index + i * publishers))
  const ring = makeRing(shape, topics)
  const sent = new Array<number>(topics.length).fill(0)
  const stamp = (bytes: Buffer, frame: number, start: number): void => {
    bytes.writeUInt32LE(sent[frame % topics.length]!++, start + ring.frameLength - payloadBytes)
  }
  return new Publisher(connection, tally, shape, ring, { topic: index, window, stamp })
}
