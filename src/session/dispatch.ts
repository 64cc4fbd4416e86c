// SPDX-License-Identifier: Apache-2.0
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import { type Subscription, withoutNoLocal } from '../topic/subscription.ts'
import { Delivery } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import type { Outlet } from './outlet.ts'
import type { Publication } from './publication.ts'
import { writeFrame } from './publish-writer.ts'
import { mustWait, sendWhenDurable } from './pump.ts'
import { MAX_QUEUED_QOS_0_BYTES } from './qos-0-backlog.ts'
import type { Session } from './session.ts'
import type { SharedGroup } from './shared-group.ts'

export type Recipient = Subscription<Session | SharedGroup>

/**
 * Hands a publication to everybody who gets it [MQTT-4.5.0-1] [MQTT4-4.5.0-1]. `publisher` is the session that it comes from,
 * null for the broker.
 */
export function dispatch(
  ledger: Ledger,
  publication: Publication,
  recipients: readonly Recipient[],
  publisher: Session | null,
): void {
  ledger.metrics.owedByPublications += recipients.length
  for (const recipient of recipients) {
    const { subscriber } = recipient
    if (subscriber.isSharedGroup) dispatchToGroup(ledger, publication, subscriber)
    else if (recipient.noLocal && subscriber === publisher) {
      const rest = withoutNoLocal(recipient) // [MQTT-3.8.3-3]
      if (rest === null) ledger.metrics.owedByPublications--
      else dispatchToSession(ledger, publication, subscriber, rest, null)
    } else dispatchToSession(ledger, publication, subscriber, recipient, null)
  }
}

/** Sends at once what the client can take now, and queues the rest. */
function dispatchToSession(
  ledger: Ledger,
  publication: Publication,
  session: Session,
  subscription: Subscription<Session | SharedGroup>,
  group: SharedGroup | null,
): void {
  const { outlet } = session
  const isVersion5 = outlet?.version === ProtocolVersion.V5
  const { identifiers } = subscription
  const qos = subscription.qos < publication.qos ? subscription.qos : publication.qos // [MQTT-3.8.4-8] [MQTT4-3.8.4-6]
  // [MQTT-3.3.1-12] [MQTT-3.3.1-13] [MQTT4-3.3.1-9]
  const retain = publication.retain && subscription.retainAsPublished && (outlet === null || isVersion5)
  if (qos === 0) {
    // For clients that are away QoS 0 is not kept (HiveMQ).
    if (outlet === null) return ledger.count(DropReason.CLIENT_AWAY)
    return sendQoS0(ledger, publication, outlet, group ?? session, retain, identifiers)
  }
  // Also while the client is away [MQTT4-3.1.2-5].
  if (!session.canSend) {
    session.queue.push(new Delivery(publication.message, qos, retain, identifiers, group), session.window.size)
    return
  }
  const frame = publication.frame(isVersion5, qos, retain, identifiers)
  if (frame.length > outlet!.maxPacketSize) {
    // [MQTT-3.1.2-25]
    const { MAX_PACKET_SIZE_EXCEEDED } = DropReason
    const receiver = group ?? session
    return ledger.refuse(publication, receiver, MAX_PACKET_SIZE_EXCEEDED, qos, frame.length, outlet!.maxPacketSize)
  }
  // What nobody will ask for again needs no copy of its payload.
  const message = group !== null || session.isStored ? publication.message : null
  const delivery = new Delivery(message, qos, retain, identifiers, group)
  ledger.queued(delivery, group ?? session)
  session.window.add(delivery)
  ledger.sent(delivery, session)
  if (mustWait(session, delivery)) return sendWhenDurable(ledger, session, outlet!, delivery)
  writeFrame(ledger.metrics, outlet!.link, frame, publication, delivery.packetId)
}

function sendQoS0(
  ledger: Ledger,
  publication: Publication,
  outlet: Outlet,
  receiver: Session | SharedGroup,
  retain: boolean,
  identifiers: readonly number[],
): void {
  if (outlet.link.queuedBytes > MAX_QUEUED_QOS_0_BYTES) {
    const { queuedBytes } = outlet.link
    const { QOS_0_MEMORY_EXCEEDED } = DropReason
    return ledger.refuse(publication, receiver, QOS_0_MEMORY_EXCEEDED, 0, queuedBytes, MAX_QUEUED_QOS_0_BYTES)
  }
  const frame = publication.frame(outlet.version === ProtocolVersion.V5, 0, retain, identifiers)
  if (frame.length > outlet.maxPacketSize) {
    // [MQTT-3.1.2-25]
    const { MAX_PACKET_SIZE_EXCEEDED } = DropReason
    return ledger.refuse(publication, receiver, MAX_PACKET_SIZE_EXCEEDED, 0, frame.length, outlet.maxPacketSize)
  }
  writeFrame(ledger.metrics, outlet.link, frame, publication, 0)
  ledger.metrics.delivered++
}

/** To one member of the group, or into its queue when none can take it now. Members that queue come later get it later. */
function dispatchToGroup(ledger: Ledger, publication: Publication, group: SharedGroup): void {
  // QoS 0 needs no room in a window, so it does not wait behind what does; a group promises no order (spec 5.0, 4.8.2).
  if (publication.qos === 0 ? group.qos0Backlog.length === 0 : group.queue.length === 0) {
    const member = group.choose((candidate) => canTake(candidate, publication))
    if (member !== null) {
      dispatchToSession(ledger, publication, member.subscriber, member, group)
      return
    }
  }
  const qos = group.subscription.qos < publication.qos ? group.subscription.qos : publication.qos
  const online = group.members.filter((member) => member.subscriber.outlet !== null)
  // Nobody who is there takes packets of this size: it is dropped, as for a single client (spec 5.0, 3.1.2.11.4).
  if (online.length > 0 && !online.some((member) => fits(member, publication))) {
    return ledger.refuse(publication, group, DropReason.MAX_PACKET_SIZE_EXCEEDED, qos)
  }
  if (qos > 0) {
    group.queue.push(new Delivery(publication.message, qos, publication.retain, [], group), 0)
    return
  }
  // Who is there and has no room is slow; while earlier ones wait, later ones do not overtake them.
  const isDropped = online.length > 0 && group.qos0Backlog.length === 0
  if (isDropped || !group.qos0Backlog.push(publication.message)) {
    ledger.refuse(publication, group, DropReason.QOS_0_MEMORY_EXCEEDED, 0)
  } else if (online.length > 0) group.callForMore()
}

function canTake(member: Subscription<Session>, publication: Publication): boolean {
  const { outlet } = member.subscriber
  if (outlet === null) return false
  const isQoS0 = member.qos === 0 || publication.qos === 0
  const hasRoom = isQoS0 ? outlet.link.queuedBytes <= MAX_QUEUED_QOS_0_BYTES : member.subscriber.canSend
  return hasRoom && fits(member, publication)
}

function fits(member: Subscription<Session>, publication: Publication): boolean {
  const outlet = member.subscriber.outlet!
  if (outlet.version !== ProtocolVersion.V5) return true
  const qos = member.qos < publication.qos ? member.qos : publication.qos
  const retain = publication.retain && member.retainAsPublished
  return publication.frame(true, qos, retain, member.identifiers).length <= outlet.maxPacketSize
}
