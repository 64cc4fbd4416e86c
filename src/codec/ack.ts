// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { PacketReader } from './packet-reader.ts'
import { type AckType, fixedFlags, PacketType } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import type { Properties } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { ProtocolVersion } from './protocol-version.ts'
import { isReasonCodeOf, ReasonCode } from './reason-code.ts'

/** PUBACK, PUBREC, PUBREL or PUBCOMP. */
export interface Ack {
  readonly type: AckType
  readonly packetId: number
  /** Always 0 before MQTT 5. */
  readonly reasonCode: number
  readonly properties?: Properties
}

export function decodeAck(
  type: AckType,
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Ack | Fault {
  // PUBREL 0010, the others 0000 [MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT4-2.2.2-2] [MQTT4-3.6.1-1]; 3.1 has DUP and QoS there.
  if (flags !== fixedFlags(type) && version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  const reader = new PacketReader(buffer, start, end, limits)
  const packetId = reader.packetId()
  let reasonCode = 0
  let properties: Properties | undefined
  if (version === ProtocolVersion.V5) {
    // The code may be left out when it is 0, the property length when there are none (spec 3.4.2.1, 3.4.2.2.1).
    if (reader.remaining > 0) reasonCode = reader.byte()
    if (reader.remaining > 0) properties = decodeProperties(reader, type)
  }
  const fault = reader.finish()
  if (fault !== null) return fault
  if (!isReasonCodeOf(type, reasonCode)) return Faults.REASON_CODE_UNKNOWN
  return { type, packetId, reasonCode, ...(properties && { properties }) }
}

export function encodeAck(writer: PacketWriter, packet: Ack, version: ProtocolVersion): Buffer {
  writer.uint16(packet.packetId)
  if (version === ProtocolVersion.V5 && (packet.reasonCode !== ReasonCode.SUCCESS || packet.properties)) {
    writer.byte(packet.reasonCode)
    if (packet.properties) encodeProperties(writer, packet.properties)
  }
  return writer.takePacket((packet.type << 4) | fixedFlags(packet.type))
}

/** First byte of each acknowledgement, for the paths that write its four bytes in place. */
export const ACK_FIRST_BYTE: Readonly<Record<AckType, number>> = {
  [PacketType.PUBACK]: 0x40,
  [PacketType.PUBREC]: 0x50,
  [PacketType.PUBREL]: 0x62,
  [PacketType.PUBCOMP]: 0x70,
}
