// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { PacketReader } from './packet-reader.ts'
import { PacketType } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import type { Properties } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { ProtocolVersion } from './protocol-version.ts'
import { isReasonCodeOf, ReasonCode } from './reason-code.ts'

export interface Disconnect {
  readonly type: typeof PacketType.DISCONNECT
  /** Always 0 before MQTT 5. */
  readonly reasonCode: ReasonCode
  readonly properties?: Properties
}

export function decodeDisconnect(
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Disconnect | Fault {
  // [MQTT-3.14.1-1] [MQTT4-3.14.1-1]; unused in 3.1.
  if (flags !== 0 && version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  const reader = new PacketReader(buffer, start, end, limits)
  let reasonCode = 0
  let properties: Properties | undefined
  if (version === ProtocolVersion.V5) {
    // Both may be left out (spec 3.14.2.1, 3.14.2.2.1).
    if (reader.remaining > 0) reasonCode = reader.byte()
    if (reader.remaining > 0) properties = decodeProperties(reader, PacketType.DISCONNECT)
  }
  const fault = reader.finish()
  if (fault !== null) return fault
  if (!isReasonCodeOf(PacketType.DISCONNECT, reasonCode)) return Faults.REASON_CODE_UNKNOWN // [MQTT-3.14.2-1]
  return { type: PacketType.DISCONNECT, reasonCode, ...(properties && { properties }) }
}

export function encodeDisconnect(writer: PacketWriter, packet: Disconnect, version: ProtocolVersion): Buffer {
  if (version === ProtocolVersion.V5 && (packet.reasonCode !== ReasonCode.NORMAL_DISCONNECTION || packet.properties)) {
    writer.byte(packet.reasonCode)
    if (packet.properties) encodeProperties(writer, packet.properties)
  }
  return writer.takePacket(PacketType.DISCONNECT << 4)
}
