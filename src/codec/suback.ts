// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { PacketReader } from './packet-reader.ts'
import { PacketType } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import type { Properties } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { ProtocolVersion } from './protocol-version.ts'
import { isReasonCodeOf } from './reason-code.ts'

/** SUBACK or UNSUBACK: one code for each topic filter, in order. */
export interface SubscriptionAck {
  readonly type: typeof PacketType.SUBACK | typeof PacketType.UNSUBACK
  readonly packetId: number
  /** Empty in an UNSUBACK of 3.1 and 3.1.1, which has no codes. */
  readonly reasonCodes: readonly number[]
  readonly properties?: Properties
}

export function decodeSubscriptionAck(
  type: SubscriptionAck['type'],
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): SubscriptionAck | Fault {
  const reader = new PacketReader(buffer, start, end, limits)
  const packetId = reader.packetId()
  const properties = version === ProtocolVersion.V5 ? decodeProperties(reader, type) : undefined
  const reasonCodes: number[] = []
  if (type === PacketType.SUBACK || version === ProtocolVersion.V5) {
    while (reader.remaining > 0) reasonCodes.push(reader.byte())
  }
  const fault = reader.finish()
  if (fault !== null) return fault
  for (const code of reasonCodes) if (!isReasonCodeOf(type, code)) return Faults.REASON_CODE_UNKNOWN
  return { type, packetId, reasonCodes, ...(properties && { properties }) }
}

export function encodeSubscriptionAck(writer: PacketWriter, packet: SubscriptionAck, version: ProtocolVersion): Buffer {
  writer.uint16(packet.packetId)
  if (version === ProtocolVersion.V5) encodeProperties(writer, packet.properties)
  if (packet.type === PacketType.SUBACK || version === ProtocolVersion.V5) {
    for (const code of packet.reasonCodes) writer.byte(code)
  }
  return writer.takePacket(packet.type << 4)
}
