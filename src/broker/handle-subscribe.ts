// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../codec/fault.ts'
import { PacketType } from '../codec/packet-type.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { FIRST_ERROR, ReasonCode } from '../codec/reason-code.ts'
import { decodeSubscribe, type Subscribe, type SubscriptionRequest } from '../codec/subscribe.ts'
import { pump } from '../session/pump.ts'
import type { Session } from '../session/session.ts'
import type { TopicFilter } from '../topic/topic-filter.ts'
import { Ring } from '../util/ring.ts'
import { awaitAnswer } from './await-answer.ts'
import { type CloseReason, CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import type { SubscribeVerdict } from './extension-hooks.ts'
import { checkRequest, subscribe } from './subscription-changes.ts'
import { grantedQoS } from './subscriptions.ts'
import { whenDurable } from './when-durable.ts'

/** Subscriptions of a client that still wait for their retained messages; for one more it gets 0x97. */
const MAX_RETAINED_WALKS = 10_000

interface Wish {
  readonly request: SubscriptionRequest
  readonly parsed: TopicFilter
}

/** Subscriptions are in force, and durable, when their SUBACK leaves [MQTT-3.8.4-1] [MQTT4-3.8.4-1]. */
export function handleSubscribe(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
): Fault | null {
  const { broker, extensions } = connection
  const packet = decodeSubscribe(firstByte & 0x0f, buffer, start, end, connection.version, broker.limits)
  if (packet instanceof Fault) return packet
  const wishes = checkAll(connection, packet)
  if (wishes instanceof Fault) return wishes
  if (extensions !== null && extensions.examinesSubscribe) {
    return awaitAnswer(
      connection,
      (answer: (verdict: SubscribeVerdict) => void) => extensions.authorizeSubscribe(packet, answer),
      (verdict) => (verdict instanceof Fault ? verdict : subscribeTo(connection, packet, wishes, verdict)),
    )
  }
  const refusals = wishes.map(({ request, parsed }) => {
    const isPermitted = connection.authorizer.maySubscribe(connection, parsed, request)
    return isPermitted ? null : CloseReasons.SUBSCRIBE_NOT_AUTHORIZED
  })
  return subscribeTo(connection, packet, wishes, refusals)
}

/** `refusals` has null for each filter that is permitted. */
function subscribeTo(
  connection: Connection,
  packet: Subscribe,
  wishes: readonly Wish[],
  refusals: readonly (CloseReason | null)[],
): Fault | null {
  const { broker } = connection
  const refusal = refusals.find((reason) => reason !== null) ?? null
  // MQTT 3.1 has no code for a refusal.
  if (connection.version === ProtocolVersion.V3_1 && refusal !== null) return CloseReasons.SUBSCRIBE_NOT_AUTHORIZED
  const identifier = packet.properties?.subscriptionIdentifiers?.[0] ?? 0
  const session = connection.session!
  const walks: Wish[] = []
  // One by one and in order, as if they had come in packets of their own [MQTT-3.8.4-5] [MQTT4-3.8.4-4].
  // [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-2] [MQTT4-3.8.4-5]
  const reasonCodes = wishes.map((wish, index) => {
    const refused = refusals[index] ?? null
    if (refused !== null) return refused.reasonCode
    const walksBefore = (session.retainedWalks?.length ?? 0) + walks.length
    if (walksBefore >= MAX_RETAINED_WALKS) return ReasonCode.QUOTA_EXCEEDED
    if (subscribeOne(connection, wish, identifier)) walks.push(wish)
    return grantedQoS(wish.request, wish.parsed)
  })
  whenDurable(connection, session.isStored, () => {
    if (!sendSuback(connection, packet.packetId, reasonCodes, refusal)) return
    for (const wish of walks) walkRetained(connection, session, wish, identifier)
    pump(broker.ledger, session)
  })
  return null
}

/** All filters are checked before the first one counts: a fault in any of them ends the connection. */
function checkAll(connection: Connection, packet: Subscribe): Wish[] | Fault {
  const { settings } = connection.broker
  if (packet.properties?.subscriptionIdentifiers !== undefined && !settings.subscriptionIdentifierEnabled) {
    return CloseReasons.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED
  }
  const wishes: Wish[] = []
  for (const request of packet.subscriptions) {
    const parsed = checkRequest(settings, request)
    if (parsed instanceof Fault) return parsed
    wishes.push({ request, parsed })
  }
  return wishes
}

/** True when the subscriber is to get retained messages for it. */
function subscribeOne(connection: Connection, { request, parsed }: Wish, identifier: number): boolean {
  const { broker } = connection
  const isNew = subscribe(broker, connection.session!, request, parsed, identifier)
  // [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] [MQTT4-3.3.1-6]; none for shared subscriptions (spec 5.0, 4.8.2)
  const isWanted = request.retainHandling === 0 || (request.retainHandling === 1 && isNew)
  return isWanted && parsed.shareName === null && broker.settings.retainedMessagesEnabled
}

/** False when the client does not take a SUBACK of this size: then nothing but closing is left. */
function sendSuback(
  connection: Connection,
  packetId: number,
  reasonCodes: readonly number[],
  refusal: CloseReason | null,
): boolean {
  // MQTT 3.1.1 knows one code for all refusals [MQTT4-3.9.3-2].
  const known = connection.isVersion5
    ? reasonCodes
    : reasonCodes.map((code) => (code >= FIRST_ERROR ? ReasonCode.UNSPECIFIED_ERROR : code))
  // [MQTT-2.2.1-6] [MQTT-3.8.4-2] [MQTT-3.9.3-1] [MQTT4-2.3.1-7] [MQTT4-3.8.4-2] [MQTT4-3.9.3-1]
  const packet = { type: PacketType.SUBACK, packetId, reasonCodes: known } as const
  // [MQTT-3.1.2-29]
  const isSent =
    refusal !== null && connection.isVersion5 && connection.isProblemInformationWanted
      ? connection.sendWithReason(packet, refusal.text)
      : connection.send(packet)
  if (!isSent) connection.closeQuietly(CloseReasons.ANSWER_TOO_LARGE)
  return isSent
}

function walkRetained(connection: Connection, session: Session, wish: Wish, identifier: number): void {
  session.retainedWalks ??= new Ring()
  session.retainedWalks.push({
    messages: connection.broker.retained.match(wish.parsed.filter),
    qos: wish.request.qos,
    identifiers: identifier === 0 ? [] : [identifier], // [MQTT-3.3.4-3]
  })
}
