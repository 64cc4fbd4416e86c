// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import { PacketReader } from './packet-reader.ts'
import { PacketType, type QoS } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import { type Properties, WILL_PROPERTIES } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { ProtocolVersion } from './protocol-version.ts'
import type { CodecLimits } from './limits.ts'

export interface Will {
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly properties: Properties
}

export interface Connect {
  readonly type: typeof PacketType.CONNECT
  readonly protocolVersion: ProtocolVersion
  /** CleanSession in 3.1 and 3.1.1. */
  readonly cleanStart: boolean
  readonly keepAliveSec: number
  readonly clientId: string
  readonly will?: Will
  readonly userName?: string
  readonly password?: Uint8Array
  readonly properties: Properties
}

/** A CONNECT that names no version of ours. */
export interface UnsupportedVersion {
  readonly fault: Fault
  /** The version in which the CONNACK is written, or null where nothing is answered. */
  readonly answerIn: ProtocolVersion | null
}

const Flag = { RESERVED: 0x01, CLEAN: 0x02, WILL: 0x04, WILL_RETAIN: 0x20, PASSWORD: 0x40, USER_NAME: 0x80 } as const
const WILL_QOS_SHIFT = 3

/**
 * Protocol name and level, which stand first and decide how the rest is read. What is not ours is answered so that
 * clients can fall back to another version; Mosquitto's bridge, for one, tries the level with bit 7 set first.
 */
export function decodeProtocolVersion(
  buffer: Buffer,
  start: number,
  end: number,
): ProtocolVersion | UnsupportedVersion {
  const nameLength = end - start >= 2 ? buffer.readUInt16BE(start) : Number.POSITIVE_INFINITY
  if (end - start < 2 + nameLength + 1) return { fault: Faults.FIELD_TRUNCATED, answerIn: null }
  const name = buffer.toString('latin1', start + 2, start + 2 + nameLength)
  const level = buffer[start + 2 + nameLength]!
  if (name === 'MQTT' || name === 'MQIsdp') {
    if (name === 'MQTT' && level === ProtocolVersion.V5) return ProtocolVersion.V5
    if (name === 'MQTT' && level === ProtocolVersion.V3_1_1) return ProtocolVersion.V3_1_1
    if (name === 'MQIsdp' && level === ProtocolVersion.V3_1) return ProtocolVersion.V3_1
    // [MQTT-3.1.2-2] [MQTT4-3.1.2-2]
    const isOf3 = (level & 0x7f) === ProtocolVersion.V3_1 || (level & 0x7f) === ProtocolVersion.V3_1_1
    return { fault: Faults.PROTOCOL_LEVEL, answerIn: isOf3 ? ProtocolVersion.V3_1_1 : ProtocolVersion.V5 }
  }
  // Not MQTT at all [MQTT-3.1.2-1] [MQTT4-3.1.2-1]; a near miss still gets an answer that it can read.
  const isNearMiss = nameLength === 4 && (level === ProtocolVersion.V3_1_1 || level === ProtocolVersion.V5)
  return { fault: Faults.PROTOCOL_NAME, answerIn: isNearMiss ? level : null }
}

/** Decodes the body of a CONNECT whose version is known from `decodeProtocolVersion`. */
export function decodeConnect(
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Connect | Fault {
  const reader = new PacketReader(buffer, start, end, limits)
  const nameLength = reader.uint16()
  reader.position += nameLength + 1
  // MQTT 3.1 leaves the low half of the first byte unused.
  if (flags !== 0 && version !== ProtocolVersion.V3_1) return Faults.RESERVED_FLAGS
  const connectFlags = reader.byte()
  const flagFault = checkFlags(connectFlags, version)
  if (flagFault !== null) return reader.fault ?? flagFault
  const keepAliveSec = reader.uint16()
  const properties = version === ProtocolVersion.V5 ? decodeProperties(reader, PacketType.CONNECT) : {}
  // Payload fields in this order [MQTT-3.1.3-1] [MQTT4-3.1.3-1]
  const clientId = reader.string() // [MQTT-3.1.3-3] [MQTT-3.1.3-4] [MQTT4-3.1.3-3] [MQTT4-3.1.3-4]
  const will = (connectFlags & Flag.WILL) === 0 ? undefined : decodeWill(reader, connectFlags, version)
  // [MQTT-3.1.3-12] [MQTT4-3.1.3-11]
  const userName = hasField(reader, connectFlags, Flag.USER_NAME, version) ? reader.string() : undefined
  const password = hasField(reader, connectFlags, Flag.PASSWORD, version) ? reader.binary() : undefined
  const fault = reader.finish()
  if (fault !== null) return fault
  if (will?.topicName === '') return Faults.WILL_TOPIC_EMPTY
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    return Faults.AUTHENTICATION_DATA_WITHOUT_METHOD
  }
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: (connectFlags & Flag.CLEAN) !== 0,
    keepAliveSec,
    clientId,
    ...(will && { will }),
    ...(userName !== undefined && { userName }),
    ...(password && { password }),
    properties,
  }
}

function checkFlags(flags: number, version: ProtocolVersion): Fault | null {
  const willQoS = (flags >> WILL_QOS_SHIFT) & 3
  const hasWill = (flags & Flag.WILL) !== 0
  if (hasWill && willQoS === 3) return Faults.WILL_QOS_3 // [MQTT-3.1.2-12] [MQTT4-3.1.2-14]
  if (version !== ProtocolVersion.V3_1) {
    if ((flags & Flag.RESERVED) !== 0) return Faults.CONNECT_RESERVED_FLAG // [MQTT-3.1.2-3] [MQTT4-3.1.2-3]
    // [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT4-3.1.2-11] [MQTT4-3.1.2-13] [MQTT4-3.1.2-15]
    if (!hasWill && (willQoS !== 0 || (flags & Flag.WILL_RETAIN) !== 0)) return Faults.WILL_FLAGS
  }
  // MQTT 5 allows a password alone. [MQTT4-3.1.2-22]
  if (version !== ProtocolVersion.V5 && (flags & (Flag.PASSWORD | Flag.USER_NAME)) === Flag.PASSWORD) {
    return Faults.PASSWORD_WITHOUT_USER_NAME
  }
  return null
}

/** Topic and payload are there when the flag is [MQTT-3.1.2-9] [MQTT4-3.1.2-9]. */
function decodeWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === ProtocolVersion.V5 ? decodeProperties(reader, WILL_PROPERTIES) : {}
  return {
    topicName: reader.string(),
    payload: reader.binary(),
    qos: ((flags >> WILL_QOS_SHIFT) & 3) as QoS,
    retain: (flags & Flag.WILL_RETAIN) !== 0,
    properties,
  }
}

/**
 * User name and password are there exactly when their flag is [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-18]
 * [MQTT-3.1.2-19] [MQTT4-3.1.2-18] [MQTT4-3.1.2-19] [MQTT4-3.1.2-20] [MQTT4-3.1.2-21]. In 3.1 the remaining length takes
 * precedence over the flags: a packet that ends before them is valid.
 */
function hasField(reader: PacketReader, flags: number, flag: number, version: ProtocolVersion): boolean {
  return (flags & flag) !== 0 && !(version === ProtocolVersion.V3_1 && reader.remaining === 0)
}

export function encodeConnect(writer: PacketWriter, packet: Connect): Buffer {
  const { protocolVersion, will, userName, password } = packet
  const isVersion5 = protocolVersion === ProtocolVersion.V5
  writer.string(protocolVersion === ProtocolVersion.V3_1 ? 'MQIsdp' : 'MQTT')
  writer.byte(protocolVersion)
  writer.byte(
    (packet.cleanStart ? Flag.CLEAN : 0) |
      (will ? Flag.WILL | (will.qos << WILL_QOS_SHIFT) | (will.retain ? Flag.WILL_RETAIN : 0) : 0) |
      (password ? Flag.PASSWORD : 0) |
      (userName === undefined ? 0 : Flag.USER_NAME),
  )
  writer.uint16(packet.keepAliveSec)
  if (isVersion5) encodeProperties(writer, packet.properties)
  writer.string(packet.clientId)
  if (will) {
    if (isVersion5) encodeProperties(writer, will.properties)
    writer.string(will.topicName)
    writer.binary(will.payload)
  }
  if (userName !== undefined) writer.string(userName)
  if (password) writer.binary(password)
  return writer.takePacket(PacketType.CONNECT << 4)
}
