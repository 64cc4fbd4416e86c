// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'

// Keys are bytes that sort as they should be read: all of an owner together, its deliveries in their order.
//
//   queued, inFlight   owner (6)  order (6)           incomingQoS2   owner (6)  packet identifier (2)
//   subscriptions      owner (6)  text                sessions, groups, garbage   owner (6)
//   retained, wills    text                           bodies, references   body (6)
//
// An owner is a number that stands for one life of a session or a shared group: a client's next session gets another one, so
// what is left of an ended one can be cleared away at leisure.

export const OWNER_BYTES = 6
const ORDER_BYTES = 6
/** LMDB takes keys of 1978 bytes; what is longer goes by its hash, and the text itself stands in the value. */
const MAX_TEXT_BYTES = 1024
const PLAIN = 0
const HASHED = 1

export function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(OWNER_BYTES)
  key.writeUIntBE(number, 0, OWNER_BYTES)
  return key
}

export function numberOf(key: Buffer): number {
  return key.readUIntBE(0, OWNER_BYTES)
}

export function deliveryKey(owner: number, order: number): Buffer {
  const key = Buffer.allocUnsafe(OWNER_BYTES + ORDER_BYTES)
  key.writeUIntBE(owner, 0, OWNER_BYTES)
  key.writeUIntBE(order, OWNER_BYTES, ORDER_BYTES)
  return key
}

export function orderOf(key: Buffer): number {
  return key.readUIntBE(OWNER_BYTES, ORDER_BYTES)
}

export function packetIdKey(owner: number, packetId: number): Buffer {
  const key = Buffer.allocUnsafe(OWNER_BYTES + 2)
  key.writeUIntBE(owner, 0, OWNER_BYTES)
  key.writeUInt16BE(packetId, OWNER_BYTES)
  return key
}

export function packetIdOf(key: Buffer): number {
  return key.readUInt16BE(OWNER_BYTES)
}

/** A topic name, topic filter or client identifier, behind the owner's number if there is one. */
export function textKey(text: string, owner: number | null = null): Buffer {
  const bytes = Buffer.from(text)
  const isLong = bytes.length > MAX_TEXT_BYTES
  const prefix = owner === null ? [] : [numberKey(owner)]
  return Buffer.concat([
    ...prefix,
    Buffer.of(isLong ? HASHED : PLAIN),
    isLong ? hash('sha256', bytes, 'buffer') : bytes,
  ])
}
