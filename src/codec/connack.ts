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

export interface Connack {
  readonly type: typeof PacketType.CONNACK
  readonly sessionPresent: boolean
  /** A reason code in MQTT 5, a return code (0 to 5) before. */
  readonly reasonCode: number
  readonly properties?: Properties
}

export function decodeConnack(
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Connack | Fault {
  const reader = new PacketReader(buffer, start, end, limits)
  const flags = reader.byte()
  const reasonCode = reader.byte()
  const properties = version === ProtocolVersion.V5 ? decodeProperties(reader, PacketType.CONNACK) : undefined
  const fault = reader.finish()
  if (fault !== null) return fault
  if (flags > 1) return Faults.RESERVED_FLAGS
  const isKnown = version === ProtocolVersion.V5 ? isReasonCodeOf(PacketType.CONNACK, reasonCode) : reasonCode <= 5
  if (!isKnown) return Faults.REASON_CODE_UNKNOWN
  return { type: PacketType.CONNACK, sessionPresent: flags === 1, reasonCode, ...(properties && { properties }) }
}

export function encodeConnack(writer: PacketWriter, packet: Connack, version: ProtocolVersion): Buffer {
  // Bits 7-1 stay 0 [MQTT-3.2.2-1]; in 3.1 the whole byte is reserved.
  writer.byte(packet.sessionPresent && version !== ProtocolVersion.V3_1 ? 1 : 0)
  writer.byte(packet.reasonCode)
  if (version === ProtocolVersion.V5) encodeProperties(writer, packet.properties)
  return writer.takePacket(PacketType.CONNACK << 4)
}
