// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { PacketReader } from './packet-reader.ts'
import { fixedFlags, PacketType } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import type { Properties } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { ProtocolVersion } from './protocol-version.ts'

export interface Unsubscribe {
  readonly type: typeof PacketType.UNSUBSCRIBE
  readonly packetId: number
  readonly topicFilters: readonly string[]
  readonly properties?: Properties
}

export function decodeUnsubscribe(
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Unsubscribe | Fault {
  // [MQTT-3.10.1-1] [MQTT4-3.10.1-1]; 3.1 has DUP and QoS there.
  if (flags !== fixedFlags(PacketType.UNSUBSCRIBE) && version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  const reader = new PacketReader(buffer, start, end, limits)
  const packetId = reader.packetId()
  const properties = version === ProtocolVersion.V5 ? decodeProperties(reader, PacketType.UNSUBSCRIBE) : undefined
  const topicFilters: string[] = []
  while (reader.remaining > 0) {
    if (topicFilters.length === limits.maxTopicFilters) return Faults.TOO_MANY_TOPIC_FILTERS
    topicFilters.push(reader.string()) // [MQTT-3.10.3-1] [MQTT4-3.10.3-1]
  }
  const fault = reader.finish()
  if (fault !== null) return fault
  if (topicFilters.length === 0) return Faults.NO_TOPIC_FILTER // [MQTT-3.10.3-2] [MQTT4-3.10.3-2]
  return { type: PacketType.UNSUBSCRIBE, packetId, topicFilters, ...(properties && { properties }) }
}

export function encodeUnsubscribe(writer: PacketWriter, packet: Unsubscribe, version: ProtocolVersion): Buffer {
  writer.uint16(packet.packetId)
  if (version === ProtocolVersion.V5) encodeProperties(writer, packet.properties)
  for (const topicFilter of packet.topicFilters) writer.string(topicFilter)
  return writer.takePacket((PacketType.UNSUBSCRIBE << 4) | fixedFlags(PacketType.UNSUBSCRIBE))
}
