// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { PacketReader } from './packet-reader.ts'
import { PacketType } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import type { Properties } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { isReasonCodeOf, ReasonCode } from './reason-code.ts'

/** Enhanced authentication, MQTT 5 only. */
export interface Auth {
  readonly type: typeof PacketType.AUTH
  readonly reasonCode: ReasonCode
  readonly properties: Properties
}

export function decodeAuth(
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  limits: CodecLimits,
): Auth | Fault {
  if (flags !== 0) return Faults.RESERVED_FLAGS // [MQTT-3.15.1-1]
  const reader = new PacketReader(buffer, start, end, limits)
  // An empty AUTH says Success without properties (spec 3.15.2.1).
  const isEmpty = reader.remaining === 0
  const reasonCode = isEmpty ? ReasonCode.SUCCESS : reader.byte()
  const properties = isEmpty ? {} : decodeProperties(reader, PacketType.AUTH)
  const fault = reader.finish()
  if (fault !== null) return fault
  if (!isReasonCodeOf(PacketType.AUTH, reasonCode)) return Faults.REASON_CODE_UNKNOWN // [MQTT-3.15.2-1]
  if (!isEmpty && properties.authenticationMethod === undefined) return Faults.AUTHENTICATION_METHOD_MISSING
  return { type: PacketType.AUTH, reasonCode, properties }
}

export function encodeAuth(writer: PacketWriter, packet: Auth): Buffer {
  writer.byte(packet.reasonCode)
  encodeProperties(writer, packet.properties)
  return writer.takePacket(PacketType.AUTH << 4)
}
