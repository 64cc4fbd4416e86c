// SPDX-License-Identifier: Apache-2.0
import { Delivery, DeliveryState } from '../session/delivery.ts'
import { Message } from '../session/message.ts'
import type { Session } from '../session/session.ts'
import type { SharedGroup } from '../session/shared-group.ts'
import type { StoredDelivery, StoredSession, StoredState } from '../store/store.ts'
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
  const sessions = [...state.sessions].map((stored) => ({ stored, session: restoreSession(broker, stored) }))
  for (const { key, deliveries } of state.groups) {
    const group = broker.subscriptions.group(key)
    if (group === undefined) broker.store.append({ type: 'group-ended', group: key })
    else for (const stored of deliveries) restoreGroupDelivery(broker, group, stored)
  }
  // Only when everybody's subscriptions are there: what ends now may publish a will.
  for (const { stored, session } of sessions) resumeClock(broker, stored, session, state.lastAliveWall)
}

function restoreSession(broker: Broker, stored: StoredSession): Session {
  const session = broker.sessions.create(stored.clientId, stored.expiryIntervalSec)
  session.isStored = true
  for (const subscription of stored.subscriptions) {
    const parsed = parseTopicFilter(subscription.topicFilter)
    if (parsed === null) continue
    const request = { ...subscription, retainHandling: 0 } as const
    broker.subscriptions.subscribe(session, request, parsed, subscription.identifier)
  }
  for (const storedDelivery of stored.deliveries) {
    const delivery = toDelivery(broker, storedDelivery, null)
    session.nextOrder = delivery.order + 1
    delivery.packetId = storedDelivery.packetId
    delivery.state = storedDelivery.isReleased ? DeliveryState.RELEASED : DeliveryState.SENT
    if (delivery.packetId > 0) session.window.restore(delivery)
    else session.queue.pushBack(delivery)
  }
  for (const packetId of stored.incomingQoS2) {
    session.incomingQoS2 ??= new Map()
    session.incomingQoS2.set(packetId, null)
  }
  return session
}

function restoreGroupDelivery(broker: Broker, group: SharedGroup, stored: StoredDelivery): void {
  const delivery = toDelivery(broker, stored, group)
  group.nextOrder = delivery.order + 1
  group.queue.pushBack(delivery)
}

function toDelivery(broker: Broker, stored: StoredDelivery, group: SharedGroup | null): Delivery {
  const message = Message.fromStored(stored.message, broker.clock)
  const delivery = new Delivery(message, stored.qos, stored.retain, stored.identifiers, group)
  delivery.order = stored.order
  delivery.isStored = true
  return delivery
}

/** A connection that was open when the broker crashed counts as lost at that moment: its will is due, its session's expiry runs. */
function resumeClock(broker: Broker, stored: StoredSession, session: Session, lastAliveWall: number | null): void {
  const now = broker.clock.wallTime()
  const awayMs = Math.max(now - (stored.closedAtWall ?? lastAliveWall ?? now), 0)
  if (stored.will !== null) {
    const { message, delaySec } = stored.will
    session.will = { message: Message.fromStored(message, broker.clock), delaySec }
    broker.wills.connectionLost(session, awayMs)
  }
  const leftMs = stored.expiryIntervalSec * 1000 - awayMs
  if (leftMs <= 0) broker.sessions.end(session)
  else broker.sessions.startExpiry(session, leftMs)
}
