// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../codec/packet-type.ts'
import type { StoredMessage, StoredWill } from '../change-record.ts'
import type { StoredDelivery } from '../store.ts'

// What is written often is packed; sessions and subscriptions are JSON.
//
//   message    flags (1)  expiry (4)  received, wall (8)  received, own scale (8)  epoch (4)
//              topic length (2)  properties length (4)  topic  properties  payload
//   delivery   flags (1)  identifiers: count (2), each (4)  then the message, or the number of its body (6)
//   in flight  packet identifier (2)  released (1)
//   will       delay (4)  client length (2)  client  message

const QOS_MASK = 0b0011
const RETAIN = 0b0100
/** Of a message: it has an expiry interval. Of a delivery: its message stands among the bodies, where several share it. */
const EXTRA = 0b1000
const MESSAGE_HEAD = 31
const BODY_BYTES = 6

export function encodeMessage(message: StoredMessage): Buffer {
  return writeMessage(message, 0)
}

export function decodeMessage(bytes: Buffer, start = 0): StoredMessage {
  const flags = bytes[start]!
  const topicStart = start + MESSAGE_HEAD
  const propertiesStart = topicStart + bytes.readUInt16LE(start + 25)
  const payloadStart = propertiesStart + bytes.readUInt32LE(start + 27)
  return {
    topicName: bytes.toString('utf8', topicStart, propertiesStart),
    properties: bytes.subarray(propertiesStart, payloadStart),
    payload: bytes.subarray(payloadStart),
    qos: (flags & QOS_MASK) as QoS,
    retain: (flags & RETAIN) !== 0,
    messageExpiryInterval: (flags & EXTRA) !== 0 ? bytes.readUInt32LE(start + 1) : Number.POSITIVE_INFINITY,
    receivedAtWall: bytes.readDoubleLE(start + 5),
    receivedAt: bytes.readDoubleLE(start + 13),
    epoch: bytes.readUInt32LE(start + 21),
  }
}

export interface DeliveryOptions {
  readonly qos: QoS
  readonly retain: boolean
  readonly identifiers: readonly number[]
}

/** `body` is the number of the body that holds the message, null to write it here. */
export function encodeDelivery(options: DeliveryOptions, message: StoredMessage, body: number | null): Buffer {
  const { qos, retain, identifiers } = options
  const length = 3 + identifiers.length * 4
  const bytes = body === null ? writeMessage(message, length) : Buffer.allocUnsafe(length + BODY_BYTES)
  bytes[0] = qos | (retain ? RETAIN : 0) | (body === null ? 0 : EXTRA)
  bytes.writeUInt16LE(identifiers.length, 1)
  for (const [index, identifier] of identifiers.entries()) bytes.writeUInt32LE(identifier, 3 + index * 4)
  if (body !== null) bytes.writeUIntLE(body, length, BODY_BYTES)
  return bytes
}

/** The number of the body that a delivery refers to, or null when it holds its message itself. */
export function bodyOf(delivery: Buffer): number | null {
  if ((delivery[0]! & EXTRA) === 0) return null
  return delivery.readUIntLE(3 + delivery.readUInt16LE(1) * 4, BODY_BYTES)
}

export function decodeDelivery(bytes: Buffer, order: number, message: StoredMessage | null): StoredDelivery {
  const flags = bytes[0]!
  const count = bytes.readUInt16LE(1)
  return {
    order,
    qos: (flags & QOS_MASK) as QoS,
    retain: (flags & RETAIN) !== 0,
    identifiers: Array.from({ length: count }, (_, index) => bytes.readUInt32LE(3 + index * 4)),
    message: message ?? decodeMessage(bytes, 3 + count * 4),
    packetId: 0,
    isReleased: false,
  }
}

export function encodeInFlight(packetId: number, isReleased: boolean): Buffer {
  return Buffer.of(packetId & 0xff, packetId >> 8, isReleased ? 1 : 0)
}

export function decodeInFlight(bytes: Buffer): Pick<StoredDelivery, 'packetId' | 'isReleased'> {
  return { packetId: bytes.readUInt16LE(0), isReleased: bytes[2] === 1 }
}

export function encodeWill(clientId: string, { message, delaySec }: StoredWill): Buffer {
  const client = Buffer.from(clientId)
  const bytes = writeMessage(message, 6 + client.length)
  bytes.writeUInt32LE(delaySec, 0)
  bytes.writeUInt16LE(client.length, 4)
  client.copy(bytes, 6)
  return bytes
}

export function decodeWill(bytes: Buffer): { clientId: string; will: StoredWill } {
  const messageStart = 6 + bytes.readUInt16LE(4)
  return {
    clientId: bytes.toString('utf8', 6, messageStart),
    will: { delaySec: bytes.readUInt32LE(0), message: decodeMessage(bytes, messageStart) },
  }
}

/** A buffer with the message at its end and `room` bytes before it. */
function writeMessage(message: StoredMessage, room: number): Buffer {
  const { topicName, properties, payload, messageExpiryInterval } = message
  const topicLength = Buffer.byteLength(topicName)
  const bytes = Buffer.allocUnsafe(room + MESSAGE_HEAD + topicLength + properties.length + payload.length)
  const expires = messageExpiryInterval !== Number.POSITIVE_INFINITY
  bytes[room] = message.qos | (message.retain ? RETAIN : 0) | (expires ? EXTRA : 0)
  bytes.writeUInt32LE(expires ? messageExpiryInterval : 0, room + 1)
  bytes.writeDoubleLE(message.receivedAtWall, room + 5)
  bytes.writeDoubleLE(message.receivedAt, room + 13)
  bytes.writeUInt32LE(message.epoch, room + 21)
  bytes.writeUInt16LE(topicLength, room + 25)
  bytes.writeUInt32LE(properties.length, room + 27)
  const topicStart = room + MESSAGE_HEAD
  bytes.write(topicName, topicStart, 'utf8')
  properties.copy(bytes, topicStart + topicLength)
  payload.copy(bytes, topicStart + topicLength + properties.length)
  return bytes
}
