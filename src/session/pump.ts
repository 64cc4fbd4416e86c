// SPDX-License-Identifier: Apache-2.0
import { PacketType } from '../codec/packet-type.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { type PublishForm, publishLength } from '../codec/publish-frame.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import { writeAck } from './ack-writer.ts'
import { Delivery, DeliveryState } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import type { Outlet } from './outlet.ts'
import { writePublish } from './publish-writer.ts'
import type { Session, SessionSubscription } from './session.ts'
import type { SharedGroup } from './shared-group.ts'

/** Retained messages that a client gets in one turn of the event loop, so that `#` does not hold up all others. */
const RETAINED_PER_TURN = 500

/**
 * Sends what waits for a client as far as its window and its link allow: first what must be sent again, then its queue,
 * then the queues of its groups, then retained messages. To be called when the client connected or acknowledged something,
 * when its link has room again, and when something was put in a queue that it can take from.
 */
export function pump(ledger: Ledger, session: Session): void {
  const { outlet } = session
  if (outlet === null) return
  const isAllSentAgain = resend(ledger, session, outlet)
  sendQoS0OfGroups(ledger, session, outlet)
  if (!isAllSentAgain) return
  while (!outlet.link.isCongested && !session.window.isFull) {
    const queued = session.queue.shift()
    // The next page of the queue is on its way: nothing newer overtakes it [MQTT-4.6.0-5].
    if (queued === undefined && session.queue.length > 0) return
    const delivery = queued ?? takeFromGroups(session, outlet)
    if (delivery === null) return sendRetained(ledger, session, outlet)
    send(ledger, session, outlet, delivery)
  }
}

/** Sends again what an earlier connection left, in its first order; true when all of it is done. */
function resend(ledger: Ledger, session: Session, outlet: Outlet): boolean {
  const { window } = session
  for (; session.resendNext < session.resend.length; session.resendNext++) {
    if (outlet.link.isCongested) return false
    const delivery = session.resend[session.resendNext]!
    // The client may have acknowledged it on the new connection before its turn came.
    if (window.get(delivery.packetId) !== delivery) continue
    if (delivery.state === DeliveryState.RELEASED) {
      // Not the PUBLISH again [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1] [MQTT4-4.4.0-1]
      writeAck(ledger.metrics, outlet.link, PacketType.PUBREL, delivery.packetId)
      window.markSent(delivery)
      continue
    }
    if (window.isFull) return false
    const form = formOf(outlet, delivery, ledger.now)
    const length = publishLength(delivery.message!, form)
    if (length > outlet.maxPacketSize) {
      window.remove(delivery)
      ledger.discard(delivery, session, DropReason.MAX_PACKET_SIZE_EXCEEDED, length, outlet.maxPacketSize)
      continue
    }
    // What was sent once does not expire any more [MQTT-4.3.3-7].
    window.markSent(delivery)
    writePublish(ledger.metrics, outlet.link, delivery.message!, form, delivery.packetId, true) // DUP [MQTT-3.3.1-1] [MQTT4-3.3.1-1]
  }
  session.endResend()
  return true
}

/** Whether the message at hand has to go the way of `sendWhenDurable`: for itself, or not to overtake one that does. */
export function mustWait(session: Session, delivery: Delivery): boolean {
  return delivery.isStored && delivery.qos > 0 && (delivery.qos === 2 || session.waitingSends > 0)
}

/**
 * Sends a QoS 2 message once its identifier is durable. After a crash it would come again under another one, and the client
 * would take it for another message [MQTT-4.3.3-1]. QoS 1 need not wait: there a crash just repeats it.
 */
export function sendWhenDurable(ledger: Ledger, session: Session, outlet: Outlet, delivery: Delivery): void {
  session.waitingSends++
  ledger.whenDurable(() => {
    session.waitingSends--
    if (session.outlet !== outlet || session.window.get(delivery.packetId) !== delivery) return
    writePublish(
      ledger.metrics,
      outlet.link,
      delivery.message!,
      formOf(outlet, delivery, ledger.now),
      delivery.packetId,
      false,
    )
  })
}

/** Sends a delivery for the first time, or gives it up. */
function send(ledger: Ledger, session: Session, outlet: Outlet, delivery: Delivery): void {
  const message = delivery.message!
  const now = ledger.now
  if (message.isExpired(now)) return ledger.discard(delivery, session, DropReason.EXPIRED) // [MQTT-3.3.2-5]
  const form = formOf(outlet, delivery, now)
  const length = publishLength(message, form)
  if (length > outlet.maxPacketSize) {
    // [MQTT-3.1.2-25]
    return ledger.discard(delivery, session, DropReason.MAX_PACKET_SIZE_EXCEEDED, length, outlet.maxPacketSize)
  }
  if (delivery.qos > 0) session.window.add(delivery)
  ledger.sent(delivery, session)
  if (mustWait(session, delivery)) return sendWhenDurable(ledger, session, outlet, delivery)
  writePublish(ledger.metrics, outlet.link, message, form, delivery.packetId, false)
  if (delivery.qos === 0) ledger.delivered(delivery, session)
}

/** The next message of a group in which the client is a member, as a delivery to this member. */
function takeFromGroups(session: Session, outlet: Outlet): Delivery | null {
  for (const membership of session.groups) {
    const group = membership.group!
    const queued = group.queue.peek()
    if (queued === undefined) continue
    const delivery = asDeliveryTo(membership, queued)
    if (isLeftToOthers(group, delivery, outlet)) {
      group.isPassedOver = true
      continue
    }
    group.queue.shift()
    if (group.isPassedOver) {
      // What stood in the way of members with room is gone.
      group.isPassedOver = false
      group.callForMore()
    }
    return delivery
  }
  return null
}

/** What waited at QoS 0 while no member was there: it needs no room in the window. */
function sendQoS0OfGroups(ledger: Ledger, session: Session, outlet: Outlet): void {
  for (const membership of session.groups) {
    const group = membership.group!
    const backlog = group.qos0Backlog
    while (backlog.length > 0 && !outlet.link.isCongested) {
      const delivery = asDeliveryTo(membership, backlog.peek()!)
      if (isLeftToOthers(group, delivery, outlet)) break
      backlog.shift()
      send(ledger, session, outlet, delivery)
    }
  }
}

/** A message is left to a member that takes larger packets, if one is there; else it goes the way of all that is too large. */
function isLeftToOthers(group: SharedGroup, delivery: Delivery, outlet: Outlet): boolean {
  if (publishLength(delivery.message!, formOf(outlet, delivery, 0)) <= outlet.maxPacketSize) return false
  return group.members.some(({ subscriber }) => takesMoreThan(subscriber, outlet))
}

function asDeliveryTo(membership: SessionSubscription, queued: Delivery): Delivery {
  const { subscription: member, group } = membership
  const message = queued.message!
  const qos = member.qos < message.qos ? member.qos : message.qos // [MQTT-4.8.2-3]
  const retain = message.retain && member.retainAsPublished
  const delivery = new Delivery(message, qos, retain, member.identifiers, group)
  delivery.order = queued.order
  delivery.isStored = queued.isStored
  return delivery
}

function takesMoreThan(member: Session, outlet: Outlet): boolean {
  return member.outlet !== null && member.outlet.maxPacketSize > outlet.maxPacketSize
}

function sendRetained(ledger: Ledger, session: Session, outlet: Outlet): void {
  const walks = session.retainedWalks
  if (walks === null) return
  for (let sent = 0; walks.length > 0;) {
    if (outlet.link.isCongested || session.window.isFull) return
    if (sent++ === RETAINED_PER_TURN) return outlet.link.askForMore()
    const { messages, qos, identifiers } = walks.peek()!
    const { value: message, done } = messages.next()
    if (done === true) {
      walks.shift()
      continue
    }
    if (message.isExpired(ledger.now)) continue
    ledger.metrics.owedByRetained++
    // RETAIN is 1, whatever Retain As Published says [MQTT4-3.3.1-8], the QoS the lower of the two [MQTT-3.8.4-8].
    const delivery = new Delivery(message, qos < message.qos ? qos : message.qos, true, identifiers, null)
    if (delivery.qos > 0) ledger.queued(delivery, session)
    send(ledger, session, outlet, delivery)
  }
  session.retainedWalks = null
}

function formOf(outlet: Outlet, delivery: Delivery, now: number): PublishForm {
  const isVersion5 = outlet.version === ProtocolVersion.V5
  return {
    isVersion5,
    qos: delivery.qos,
    retain: delivery.retain,
    identifiers: isVersion5 ? delivery.identifiers : [],
    messageExpiryInterval: delivery.message!.remainingExpiry(now),
  }
}
