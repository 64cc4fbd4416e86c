// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../codec/fault.ts'
import { decodePacket, encodePacket, type Packet } from '../codec/packet.ts'
import { PacketType, type QoS } from '../codec/packet-type.ts'
import { decodePublish, type Publish } from '../codec/publish.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { FIRST_ERROR, ReasonCode } from '../codec/reason-code.ts'
import { acknowledge, acknowledgeWithText } from './acknowledge.ts'
import { awaitAnswer } from './await-answer.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import { handlePacket } from './handle-packet.ts'
import type { InterceptionVerdict, PublishPrevention } from './extension-hooks.ts'
import { noteReceived, resolveTopic } from './handle-publish.ts'
import { whenDurable } from './when-durable.ts'

/**
 * A packet of a client of which extensions want to see some. What they leave of it goes on as if the client had sent it, so
 * no handler knows of this.
 */
export function interceptInbound(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  bodyStart: number,
  end: number,
): Fault | null {
  const type = firstByte >> 4
  const isSeen = ((connection.interceptedTypes >> type) & 1) === 1
  const packet = isSeen ? decode(connection, firstByte, buffer, start, bodyStart, end) : null
  if (packet === null) return handlePacket(connection, firstByte, buffer, start, bodyStart, end)
  if (packet instanceof Fault) return packet
  // A client that has said goodbye closes: that must not count as a connection that was lost.
  if (type === PacketType.DISCONNECT) connection.onLeft = () => goOn(connection, packet, packet)
  return awaitAnswer(
    connection,
    (answer: (verdict: InterceptionVerdict) => void) => connection.extensions!.interceptInbound(packet, answer),
    (verdict) => {
      connection.onLeft = null
      return 'prevented' in verdict ? prevent(connection, packet, verdict.prevented) : goOn(connection, packet, verdict)
    },
  )
}

/** Null for what is not shown: a repeat of a message that has been seen. */
function decode(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  bodyStart: number,
  end: number,
): Packet | Fault | null {
  const { broker, version } = connection
  const { view, limits } = broker
  if (firstByte >> 4 !== PacketType.PUBLISH) return decodePacket(firstByte, buffer, bodyStart, end, version, limits)
  const fault = view.read(firstByte, buffer, start, bodyStart, end, version, limits)
  if (fault !== null) return fault
  if (view.qos === 2 && connection.session!.incomingQoS2?.has(view.packetId) === true) return null
  const topic = resolveTopic(connection, view)
  if (topic instanceof Fault) return topic
  const publish = decodePublish(firstByte & 0x0f, buffer, bodyStart, end, version, limits)
  if (publish instanceof Fault) return publish
  // What an alias stood for is written out from here on.
  const { topicAlias: _, ...properties } = publish.properties ?? {}
  return { ...publish, topicName: topic.name, ...(publish.properties && { properties }) }
}

/** `before` is what the client has sent. */
function goOn(connection: Connection, before: Packet, packet: Packet): Fault | null {
  let onwardQoS: QoS | null = null
  let sent = packet
  if (packet.type === PacketType.PUBLISH) {
    // What is acknowledged to the client is what it has sent.
    const { qos } = before as Publish
    if (packet.qos !== qos) onwardQoS = packet.qos
    sent = { ...packet, qos }
  }
  const frame = encodePacket(sent, connection.version)
  let bodyStart = 1
  while (frame[bodyStart++]! >= 0x80);
  return handlePacket(connection, frame[0]!, frame, 0, bodyStart, frame.length, onwardQoS)
}

/** `prevention` is null where an extension has failed. */
function prevent(connection: Connection, packet: Packet, prevention: PublishPrevention | null): Fault | null {
  switch (packet.type) {
    case PacketType.PUBLISH:
      connection.broker.metrics.publishesPrevented++
      return preventPublish(connection, packet, prevention ?? { reasonCode: ReasonCode.SUCCESS })
    case PacketType.SUBSCRIBE:
      // MQTT 3.1 has no code for a refusal.
      if (connection.version === ProtocolVersion.V3_1) return CloseReasons.PACKET_PREVENTED
      return refuseAll(connection, PacketType.SUBACK, packet.packetId, packet.subscriptions.length)
    case PacketType.UNSUBSCRIBE:
      return refuseAll(connection, PacketType.UNSUBACK, packet.packetId, packet.topicFilters.length)
    default:
      return CloseReasons.PACKET_PREVENTED
  }
}

function preventPublish(
  connection: Connection,
  { qos, packetId = 0 }: Publish,
  { reasonCode, text }: PublishPrevention,
): Fault | null {
  // Acknowledgements of MQTT 3 say nothing but yes.
  if (!connection.isVersion5 && reasonCode >= FIRST_ERROR) return CloseReasons.PACKET_PREVENTED
  if (qos === 0) return null
  if (
    qos === 2 &&
    connection.isVersion5 &&
    connection.openPublishes >= connection.broker.settings.serverReceiveMaximum
  ) {
    return CloseReasons.RECEIVE_MAXIMUM_EXCEEDED // [MQTT-3.3.4-7]
  }
  const isStored = qos === 2 && reasonCode < FIRST_ERROR && noteReceived(connection, packetId)
  const type = qos === 1 ? PacketType.PUBACK : PacketType.PUBREC
  const isTold = text !== undefined && connection.isVersion5 && connection.isProblemInformationWanted
  if (isTold) acknowledgeWithText(connection, isStored, type, packetId, reasonCode, text)
  else acknowledge(connection, isStored, type, packetId, connection.isVersion5 ? reasonCode : ReasonCode.SUCCESS)
  return null
}

function refuseAll(
  connection: Connection,
  type: typeof PacketType.SUBACK | typeof PacketType.UNSUBACK,
  packetId: number,
  count: number,
): null {
  const reasonCodes = new Array<number>(count).fill(ReasonCode.UNSPECIFIED_ERROR)
  whenDurable(connection, false, () => {
    if (!connection.send({ type, packetId, reasonCodes })) connection.closeQuietly(CloseReasons.ANSWER_TOO_LARGE)
  })
  return null
}
