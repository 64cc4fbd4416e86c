// SPDX-License-Identifier: Apache-2.0
import type { Packet } from '../../../src/codec/packet.ts'
import { fixedFlags, PacketType } from '../../../src/codec/packet-type.ts'
import { PROPERTY_RULES, type Properties, PropertyType } from '../../../src/codec/property.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'

// A packet taken apart into the fields of its wire format, so that each can be wrong by itself while all others are right.

export interface NumberField {
  readonly kind: 'byte' | 'uint16' | 'uint32' | 'varint'
  readonly isPacketId: boolean
  value: number
}

/** Text and binary data have a length before them, `raw` has not. */
export interface BytesField {
  readonly kind: 'text' | 'binary' | 'raw'
  bytes: Buffer
  /** What is added to the length. */
  lengthError: number
}

export interface Property {
  id: number
  readonly value: Field[]
}

export interface PropertiesField {
  readonly kind: 'properties'
  properties: Property[]
  lengthError: number
}

export type Field = NumberField | BytesField | PropertiesField

export interface Frame {
  firstByte: number
  fields: Field[]
  lengthError: number
  /** Bytes that the Remaining Length has too many. */
  lengthPadding: number
}

export function toFrame(packet: Packet, version: ProtocolVersion): Frame {
  return { firstByte: firstByteOf(packet), fields: fieldsOf(packet, version), lengthError: 0, lengthPadding: 0 }
}

export function encodeFrame({ firstByte, fields, lengthError, lengthPadding }: Frame): Buffer {
  const body = Buffer.concat(fields.map(encodeField))
  const length = encodeVarint(Math.max(body.length + lengthError, 0))
  for (let i = 0; i < lengthPadding; i++) {
    length[length.length - 1]! |= 0x80
    length.push(0)
  }
  return Buffer.concat([Buffer.from([firstByte, ...length]), body])
}

export function byte(value: number): NumberField {
  return { kind: 'byte', isPacketId: false, value }
}

export function text(value: string): BytesField {
  return { kind: 'text', bytes: Buffer.from(value), lengthError: 0 }
}

export function binary(value: Uint8Array): BytesField {
  return { kind: 'binary', bytes: Buffer.from(value), lengthError: 0 }
}

function uint16(value: number): NumberField {
  return { kind: 'uint16', isPacketId: false, value }
}

function packetId(value: number): NumberField {
  return { kind: 'uint16', isPacketId: true, value }
}

function raw(value: Uint8Array): BytesField {
  return { kind: 'raw', bytes: Buffer.from(value), lengthError: 0 }
}

function firstByteOf(packet: Packet): number {
  const flags =
    packet.type === PacketType.PUBLISH
      ? (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0)
      : fixedFlags(packet.type)
  return (packet.type << 4) | flags
}

function fieldsOf(packet: Packet, version: ProtocolVersion): Field[] {
  const properties = (value: Properties | undefined): Field[] => {
    return version === ProtocolVersion.V5 ? [propertiesField(value ?? {})] : []
  }
  switch (packet.type) {
    case PacketType.CONNECT: {
      const { will, userName, password } = packet
      const willFlags = will === undefined ? 0 : 4 | (will.qos << 3) | (will.retain ? 0x20 : 0)
      const flags =
        (packet.cleanStart ? 2 : 0) | willFlags | (password ? 0x40 : 0) | (userName === undefined ? 0 : 0x80)
      return [
        text(packet.protocolVersion === ProtocolVersion.V3_1 ? 'MQIsdp' : 'MQTT'),
        byte(packet.protocolVersion),
        byte(flags),
        uint16(packet.keepAliveSec),
        ...properties(packet.properties),
        text(packet.clientId),
        ...(will ? [...properties(will.properties), text(will.topicName), binary(will.payload)] : []),
        ...(userName === undefined ? [] : [text(userName)]),
        ...(password ? [binary(password)] : []),
      ]
    }
    case PacketType.PUBLISH: {
      const id = packet.qos > 0 ? [packetId(packet.packetId!)] : []
      return [text(packet.topicName), ...id, ...properties(packet.properties), raw(packet.payload)]
    }
    case PacketType.SUBSCRIBE: {
      const requests = packet.subscriptions.flatMap(({ topicFilter, ...options }) => {
        const bits = options.qos | (options.noLocal ? 4 : 0) | (options.retainAsPublished ? 8 : 0)
        return [text(topicFilter), byte(bits | (options.retainHandling << 4))]
      })
      return [packetId(packet.packetId), ...properties(packet.properties), ...requests]
    }
    case PacketType.UNSUBSCRIBE:
      return [packetId(packet.packetId), ...properties(packet.properties), ...packet.topicFilters.map(text)]
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return [packetId(packet.packetId), ...properties(packet.properties), ...packet.reasonCodes.map(byte)]
    case PacketType.CONNACK:
      return [byte(packet.sessionPresent ? 1 : 0), byte(packet.reasonCode), ...properties(packet.properties)]
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return []
    case PacketType.AUTH:
      return [byte(packet.reasonCode), ...properties(packet.properties)]
    case PacketType.DISCONNECT:
      return version === ProtocolVersion.V5 ? outcome(packet) : []
    default:
      return [packetId(packet.packetId), ...(version === ProtocolVersion.V5 ? outcome(packet) : [])]
  }
}

/** Both can be left out. */
function outcome({ reasonCode, properties }: { reasonCode: number; properties?: Properties }): Field[] {
  if (properties !== undefined) return [byte(reasonCode), propertiesField(properties)]
  return reasonCode === 0 ? [] : [byte(reasonCode)]
}

function propertiesField(values: Properties): PropertiesField {
  const properties: Property[] = []
  for (const { id, name, type } of PROPERTY_RULES) {
    const value = values[name]
    if (value === undefined) continue
    const isList = type === PropertyType.VARINT || type === PropertyType.STRING_PAIR
    for (const item of isList ? (value as unknown[]) : [value]) properties.push({ id, value: valueFields(type, item) })
  }
  return { kind: 'properties', properties, lengthError: 0 }
}

function valueFields(type: PropertyType, value: unknown): Field[] {
  switch (type) {
    case PropertyType.BYTE:
      return [byte(value as number)]
    case PropertyType.UINT16:
      return [uint16(value as number)]
    case PropertyType.UINT32:
      return [{ kind: 'uint32', isPacketId: false, value: value as number }]
    case PropertyType.VARINT:
      return [{ kind: 'varint', isPacketId: false, value: value as number }]
    case PropertyType.STRING:
      return [text(value as string)]
    case PropertyType.STRING_PAIR:
      return (value as [string, string]).map(text)
    default:
      return [binary(value as Uint8Array)]
  }
}

function encodeField(field: Field): Buffer {
  switch (field.kind) {
    case 'byte':
      return Buffer.from([field.value & 0xff])
    case 'uint16':
      return Buffer.from([(field.value >> 8) & 0xff, field.value & 0xff])
    case 'uint32': {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(field.value >>> 0)
      return bytes
    }
    case 'varint':
      return Buffer.from(encodeVarint(field.value))
    case 'properties': {
      const body = Buffer.concat(
        field.properties.flatMap(({ id, value }) => [Buffer.from(encodeVarint(id)), ...value.map(encodeField)]),
      )
      return Buffer.concat([Buffer.from(encodeVarint(Math.max(body.length + field.lengthError, 0))), body])
    }
    case 'raw':
      return field.bytes
    default: {
      const length = (field.bytes.length + field.lengthError) & 0xffff
      return Buffer.concat([Buffer.from([length >> 8, length & 0xff]), field.bytes])
    }
  }
}

function encodeVarint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return bytes
}
