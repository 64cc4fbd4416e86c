// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { PacketReader } from './packet-reader.ts'
import { fixedFlags, PacketType, type QoS } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import type { Properties } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { ProtocolVersion } from './protocol-version.ts'

/** 0: send retained messages at every subscribe, 1: only for a new subscription, 2: never. */
export type RetainHandling = 0 | 1 | 2

/** One topic filter of a SUBSCRIBE with its options. */
export interface SubscriptionRequest {
  readonly topicFilter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
}

export interface Subscribe {
  readonly type: typeof PacketType.SUBSCRIBE
  readonly packetId: number
  readonly subscriptions: readonly SubscriptionRequest[]
  readonly properties?: Properties
}

export function decodeSubscribe(
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Subscribe | Fault {
  // [MQTT-3.8.1-1] [MQTT4-3.8.1-1]; 3.1 has DUP and QoS there.
  if (flags !== fixedFlags(PacketType.SUBSCRIBE) && version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  const reader = new PacketReader(buffer, start, end, limits)
  const packetId = reader.packetId()
  const properties = version === ProtocolVersion.V5 ? decodeProperties(reader, PacketType.SUBSCRIBE) : undefined
  const subscriptions: SubscriptionRequest[] = []
  while (reader.remaining > 0) {
    const topicFilter = reader.string() // [MQTT-3.8.3-1] [MQTT4-3.8.3-1]
    const options = reader.byte()
    if (reader.fault === null) reader.fault = checkOptions(options, version)
    if (reader.fault !== null) return reader.fault
    if (subscriptions.length === limits.maxTopicFilters) return Faults.TOO_MANY_TOPIC_FILTERS
    subscriptions.push({
      topicFilter,
      qos: (options & 3) as QoS,
      noLocal: version === ProtocolVersion.V5 && (options & 0x04) !== 0,
      retainAsPublished: version === ProtocolVersion.V5 && (options & 0x08) !== 0,
      retainHandling: (version === ProtocolVersion.V5 ? (options >> 4) & 3 : 0) as RetainHandling,
    })
  }
  const fault = reader.finish()
  if (fault !== null) return fault
  if (subscriptions.length === 0) return Faults.NO_TOPIC_FILTER // [MQTT-3.8.3-2] [MQTT4-3.8.3-3]
  return { type: PacketType.SUBSCRIBE, packetId, subscriptions, ...(properties && { properties }) }
}

function checkOptions(options: number, version: ProtocolVersion): Fault | null {
  // [MQTT-3.8.3-5] [MQTT4-3.8.3-4]; what 3.1 does with the upper bits is not written down anywhere: they are ignored.
  const reserved = version === ProtocolVersion.V5 ? 0xc0 : version === ProtocolVersion.V3_1_1 ? 0xfc : 0
  if ((options & reserved) !== 0) return Faults.SUBSCRIPTION_RESERVED_BITS
  if ((options & 3) === 3) return Faults.SUBSCRIPTION_QOS_3 // spec 3.8.3.1 [MQTT4-3.8.3-4]
  if (version === ProtocolVersion.V5 && (options & 0x30) === 0x30) return Faults.RETAIN_HANDLING_3 // spec 3.8.3.1
  return null
}

export function encodeSubscribe(writer: PacketWriter, packet: Subscribe, version: ProtocolVersion): Buffer {
  const isVersion5 = version === ProtocolVersion.V5
  writer.uint16(packet.packetId)
  if (isVersion5) encodeProperties(writer, packet.properties)
  for (const request of packet.subscriptions) {
    writer.string(request.topicFilter)
    const options =
      (request.noLocal ? 0x04 : 0) | (request.retainAsPublished ? 0x08 : 0) | (request.retainHandling << 4)
    writer.byte(request.qos | (isVersion5 ? options : 0))
  }
  return writer.takePacket((PacketType.SUBSCRIBE << 4) | fixedFlags(PacketType.SUBSCRIBE))
}
