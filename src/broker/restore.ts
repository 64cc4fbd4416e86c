// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import { Delivery } from '../session/delivery.ts'
import { Message } from '../session/message.ts'
import type { Session } from '../session/session.ts'
import type { StoredSession, StoredState } from '../store/store.ts'
import { parseTopicFilter } from '../topic/topic-filter.ts'
import type { Broker } from './broker.ts'

/** Builds the broker's state from the store's. The time for which the broker was down counts for everything that expires. */
export function restore(broker: Broker, state: StoredState): void {
  for (const stored of state.retained) {
    const message = Message.fromStored(stored, broker.clock)
    if (message.isExpired(broker.clock.now()))
      broker.store.append({ type: 'retained-cleared', topicName: stored.topicName })
    else broker.retained.restore(message)
  }
  const storedSessions = [...state.sessions]
  const groups = [...state.groups]
  let deliveries = 0
  for (const { queue } of [...storedSessions, ...groups]) deliveries += queue.length
  broker.ledger.queueSizes.restoredBytes = broker.store.queuedBytes / Math.max(deliveries, 1)
  const sessions = storedSessions.map((stored) => ({ stored, session: restoreSession(broker, stored) }))
  for (const { key, queue } of groups) {
    const group = broker.subscriptions.group(key)
    if (group === undefined) {
      broker.store.append({ type: 'group-ended', group: key })
      broker.metrics.owedByRestart += queue.length
      broker.ledger.count(DropReason.GROUP_ENDED, queue.length)
    } else {
      group.nextOrder = queue.lastOrder + 1
      group.queue.restore(queue.length, 0)
    }
  }
  const orphans = restoreWills(broker, state.wills)
  // Only when everybody's subscriptions are there: what ends now may publish a will.
  for (const { clientId, message } of orphans) broker.wills.publishOrphan(clientId, message)
  for (const { stored, session } of sessions) resumeClock(broker, stored, session, state.lastAliveWall)
}

function restoreSession(broker: Broker, stored: StoredSession): Session {
  const session = broker.sessions.create(stored.clientId, stored.expiryIntervalSec)
  session.isStored = true
  session.queue.ownLimit = stored.queueLimit
  for (const subscription of stored.subscriptions) {
    const parsed = parseTopicFilter(subscription.topicFilter)
    if (parsed === null) continue
    const request = { ...subscription, retainHandling: 0 } as const
    broker.subscriptions.subscribe(session, request, parsed, subscription.identifier)
  }
  let lastSent = 0
  for (const storedDelivery of stored.inFlight) {
    const delivery = Delivery.fromStored(storedDelivery, null, broker.clock)
    session.window.restore(delivery)
    broker.metrics.owedByRestart++
    lastSent = delivery.order
  }
  session.nextOrder = stored.queue.lastOrder + 1
  session.queue.restore(stored.queue.length, lastSent)
  for (const packetId of stored.incomingQoS2) {
    session.incomingQoS2 ??= new Map()
    session.incomingQoS2.set(packetId, null)
  }
  return session
}

/** Gives wills to their sessions; returns those whose sessions were not kept. */
function restoreWills(broker: Broker, wills: StoredState['wills']): { clientId: string; message: Message }[] {
  const orphans: { clientId: string; message: Message }[] = []
  for (const { clientId, will } of wills) {
    const message = Message.fromStored(will.message, broker.clock)
    const session = broker.sessions.get(clientId)
    if (session === undefined) orphans.push({ clientId, message })
    else broker.wills.restore(session, { message, delaySec: will.delaySec })
  }
  return orphans
}

/** A connection that was open when the broker crashed counts as lost at that moment: its will is due, its session's expiry runs. */
function resumeClock(broker: Broker, stored: StoredSession, session: Session, lastAliveWall: number | null): void {
  const now = broker.clock.wallTime()
  const closedAtWall = stored.closedAtWall ?? lastAliveWall ?? now
  if (stored.closedAtWall === null) {
    // Only now is it known; after another crash that moment would count instead.
    const { clientId, expiryIntervalSec, queueLimit } = stored
    broker.store.append({ type: 'session-closed', clientId, expiryIntervalSec, queueLimit, closedAtWall })
  }
  const awayMs = Math.max(now - closedAtWall, 0)
  broker.wills.connectionLost(session, awayMs)
  const leftMs = stored.expiryIntervalSec * 1000 - awayMs
  if (stored.expiryIntervalSec === 0) broker.sessions.end(session)
  else if (leftMs <= 0) broker.sessions.expire(session, now + leftMs)
  else broker.sessions.startExpiry(session, leftMs)
}
