// SPDX-License-Identifier: Apache-2.0
import { type Ack, decodeAck, encodeAck } from './ack.ts'
import { type Auth, decodeAuth, encodeAuth } from './auth.ts'
import { type Connack, decodeConnack, encodeConnack } from './connack.ts'
import { type Connect, decodeConnect, decodeProtocolVersion, encodeConnect } from './connect.ts'
import { decodeDisconnect, type Disconnect, encodeDisconnect } from './disconnect.ts'
import { type Fault, Faults } from './fault.ts'
import { type CodecLimits, DEFAULT_LIMITS } from './limits.ts'
import { PacketType } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { ProtocolVersion } from './protocol-version.ts'
import { decodePublish, encodePublish, type Publish } from './publish.ts'
import { decodeSubscriptionAck, encodeSubscriptionAck, type SubscriptionAck } from './suback.ts'
import { decodeSubscribe, encodeSubscribe, type Subscribe } from './subscribe.ts'
import { decodeUnsubscribe, encodeUnsubscribe, type Unsubscribe } from './unsubscribe.ts'

/** PINGREQ or PINGRESP: nothing but a fixed header. */
export interface Ping {
  readonly type: typeof PacketType.PINGREQ | typeof PacketType.PINGRESP
}

export type Packet =
  Connect | Connack | Publish | Ack | Subscribe | SubscriptionAck | Unsubscribe | Ping | Disconnect | Auth

export const PINGREQ: Ping = { type: PacketType.PINGREQ }
export const PINGRESP: Ping = { type: PacketType.PINGRESP }

/**
 * Decodes one packet of either direction: `firstByte` is that of the fixed header, `start` to `end` the body. The version
 * is that of the connection; a CONNECT says its own.
 */
export function decodePacket(
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits = DEFAULT_LIMITS,
): Packet | Fault {
  const flags = firstByte & 0x0f
  const type = firstByte >> 4
  switch (type) {
    case PacketType.CONNECT: {
      const connectVersion = decodeProtocolVersion(buffer, start, end)
      if (typeof connectVersion !== 'number') return connectVersion.fault
      return decodeConnect(flags, buffer, start, end, connectVersion, limits)
    }
    case PacketType.PUBLISH:
      return decodePublish(flags, buffer, start, end, version, limits)
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return decodeAck(type, flags, buffer, start, end, version, limits)
    case PacketType.SUBSCRIBE:
      return decodeSubscribe(flags, buffer, start, end, version, limits)
    case PacketType.UNSUBSCRIBE:
      return decodeUnsubscribe(flags, buffer, start, end, version, limits)
    case PacketType.DISCONNECT:
      return decodeDisconnect(flags, buffer, start, end, version, limits)
    case PacketType.AUTH:
      if (version !== ProtocolVersion.V5) return Faults.FORBIDDEN_PACKET_TYPE
      return decodeAuth(flags, buffer, start, end, limits)
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return decodePing(type, flags, start, end, version)
    case PacketType.CONNACK:
      if (flags !== 0) return Faults.RESERVED_FLAGS
      return decodeConnack(buffer, start, end, version, limits)
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      if (flags !== 0) return Faults.RESERVED_FLAGS
      return decodeSubscriptionAck(type, buffer, start, end, version, limits)
    default:
      return Faults.FORBIDDEN_PACKET_TYPE
  }
}

function decodePing(
  type: Ping['type'],
  flags: number,
  start: number,
  end: number,
  version: ProtocolVersion,
): Ping | Fault {
  if (flags !== 0 && version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  if (start !== end) return Faults.TRAILING_BYTES
  return type === PacketType.PINGREQ ? PINGREQ : PINGRESP
}

const writer = new PacketWriter()

/** Encodes one packet of either direction into bytes of its own. */
export function encodePacket(packet: Packet, version: ProtocolVersion): Buffer {
  switch (packet.type) {
    case PacketType.CONNECT:
      return encodeConnect(writer, packet)
    case PacketType.CONNACK:
      return encodeConnack(writer, packet, version)
    case PacketType.PUBLISH:
      return encodePublish(writer, packet, version)
    case PacketType.SUBSCRIBE:
      return encodeSubscribe(writer, packet, version)
    case PacketType.UNSUBSCRIBE:
      return encodeUnsubscribe(writer, packet, version)
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return encodeSubscriptionAck(writer, packet, version)
    case PacketType.DISCONNECT:
      return encodeDisconnect(writer, packet, version)
    case PacketType.AUTH:
      return encodeAuth(writer, packet)
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return writer.takePacket(packet.type << 4)
    default:
      return encodeAck(writer, packet, version)
  }
}
