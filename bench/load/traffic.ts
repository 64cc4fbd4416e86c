// SPDX-License-Identifier: Apache-2.0
import { ALL_TOPICS, frameLengthOf, makeRing, topicOf } from './frames.ts'
import { establish, forgetSession, subscribe } from './handshake.ts'
import type { Connection } from './connection.ts'
import type { Traffic } from './job.ts'
import { trafficClientId } from './login.ts'
import { Publisher } from './publisher.ts'
import { CountingSubscriber, ReadingSubscriber, type Subscriber } from './subscriber.ts'
import { newTally, type Tally } from './tally.ts'

/** The connections of a job that sends messages, ready to start. */
export interface OpenTraffic {
  readonly tally: Tally
  readonly publishers: readonly Publisher[]
  readonly subscribers: readonly Subscriber[]
  /** Deliveries of one message, by topic. */
  readonly copies: readonly number[]
  close(): void
}

export interface TrafficOptions {
  /** Publications of one publisher that are not acknowledged. */
  readonly window: number
  /** Gets every frame that arrives; without it frames are not read where counting does. */
  readonly onMessage: ((buffer: Buffer, start: number, end: number) => void) | null
}

/** Subscribers first, so that no message is sent before all of them listen. */
export async function openTraffic(port: number, traffic: Traffic, options: TrafficOptions): Promise<OpenTraffic> {
  const { version, qos, topics, isWildcard, isPersistent } = traffic
  const tally = newTally()
  const connections: Connection[] = []
  const subscribers: Subscriber[] = []
  const publishers: Publisher[] = []
  const copies = new Array<number>(topics).fill(isWildcard ? traffic.subscribers : 0)
  const frameLength = frameLengthOf(traffic)
  try {
    for (let i = 0; i < traffic.subscribers; i++) {
      const clientId = trafficClientId('subscriber', i)
      // The warm-up has left one, with its subscriptions.
      if (isPersistent) await forgetSession(port, clientId, version)
      const { connection } = await establish(port, clientId, version, isPersistent)
      connections.push(connection)
      await subscribe(connection, isWildcard ? ALL_TOPICS : topicOf(i % topics), qos, version)
      if (!isWildcard) copies[i % topics]!++
      const isCounting = qos === 0 && options.onMessage === null
      subscribers.push(
        isCounting
          ? new CountingSubscriber(connection, tally, frameLength)
          : new ReadingSubscriber(connection, tally, { qos, length: frameLength }, options.onMessage),
      )
    }
    for (let i = 0; i < traffic.publishers; i++) {
      const { connection, receiveMaximum } = await establish(port, trafficClientId('publisher', i), version)
      connections.push(connection)
      const window = Math.min(options.window, receiveMaximum)
      const topic = i % topics
      const ring = makeRing(traffic, [topicOf(topic)])
      publishers.push(new Publisher(connection, tally, traffic, ring, { topic, window, stamp: null }))
    }
  } catch (error) {
    closeAll(connections)
    throw error
  }
  return { tally, publishers, subscribers, copies, close: () => closeAll(connections) }
}

function closeAll(connections: readonly Connection[]): void {
  for (const connection of connections) connection.drop()
}

/**
 * What is wrong with the deliveries of a run that is over, or null. Each subscriber is checked on its own: one message
 * too many here does not make up for one that is missing there.
 */
export function deliveryFault(open: OpenTraffic, traffic: Traffic): string | null {
  const sentByTopic = new Array<number>(traffic.topics).fill(0)
  for (const publisher of open.publishers) sentByTopic[publisher.topic]! += publisher.sent
  let missing = 0
  let extra = 0
  for (const [i, { received }] of open.subscribers.entries()) {
    const expected = traffic.isWildcard ? open.tally.sent : sentByTopic[i % traffic.topics]!
    missing += Math.max(expected - received, 0)
    extra += Math.max(received - expected, 0)
  }
  const unacknowledged = traffic.qos === 0 ? 0 : open.tally.sent - open.tally.acknowledged
  const faults = [
    missing > 0 && `${missing} messages did not arrive`,
    extra > 0 && `${extra} messages came more than once`,
    unacknowledged > 0 && `${unacknowledged} publications were not acknowledged`,
  ].filter((text) => text !== false)
  return faults.length === 0 ? null : `${faults.join(', ')} (of ${open.tally.sent} published)`
}
