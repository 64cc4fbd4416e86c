// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import type { Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { isExpired, type Letter, type Owed, type OwedNow } from './letter.ts'
import type { ModelConnection } from './model-connection.ts'
import type { ModelSession } from './model-session.ts'
import { numberOf } from './model-client.ts'

// Everything that leaves the broker must be owed at that moment.

export interface Circumstances {
  readonly now: number
  /** Nothing becomes durable. */
  readonly isStoreHeld: boolean
  /** What leaves may have waited inside the broker, for the store. */
  readonly isLate: boolean
}

/** A packet has left; throws when it should not have. */
export function checkLeft(connection: ModelConnection, packet: Packet, circumstances: Circumstances): void {
  if (connection.isGoodbyeSaid) throw new Error('something is sent after DISCONNECT')
  const { session } = connection
  if (packet.type === PacketType.CONNACK) connection.isServed = true
  else if (!connection.isServed) throw new Error('something is sent before CONNACK')
  switch (packet.type) {
    case PacketType.PUBLISH:
      return onPublish({ connection, session: session!, packet, ...circumstances })
    case PacketType.PUBREL:
      return onPubrel(connection, session!, packet.packetId, circumstances)
    case PacketType.DISCONNECT:
      connection.isGoodbyeSaid = true
      if (packet.reasonCode === connection.goodbye) return
      throw new Error(`a correct client is told DISCONNECT with ${packet.reasonCode}`)
    default:
      checkAnswer(connection, packet, circumstances)
  }
}

function checkAnswer(connection: ModelConnection, packet: Packet, circumstances: Circumstances): void {
  const { properties: _, ...left } = packet as Packet & { properties?: object }
  const expected = takeAnswer(connection, packet.type, circumstances)
  const isSessionPresentHidden = packet.type === PacketType.CONNACK && connection.isBefore311
  const isFine = isSessionPresentHidden || isDeepStrictEqual(left, expected)
  if (!isFine) throw new Error(`${textOf(left)} is sent, not ${textOf(expected)}`)
}

function takeAnswer(connection: ModelConnection, type: PacketType, { isStoreHeld }: Circumstances): Packet | undefined {
  const answer = connection.takeExpected(type)
  if (isStoreHeld && !connection.isBlocked && answer?.isPromise === true)
    throw new Error(`${textOf(answer.packet)} is sent before it is durable`)
  return answer?.packet
}

function onPubrel(
  connection: ModelConnection,
  session: ModelSession,
  packetId: number,
  circumstances: Circumstances,
): void {
  const owed = session.window.get(packetId)
  if (owed !== undefined && owed.state !== 'released') throw new Error(`PUBREL ${packetId} without PUBREC`)
  if (connection.isReleaseExpected(packetId)) takeAnswer(connection, PacketType.PUBREL, circumstances)
  else if (owed === undefined || owed.isHere) throw new Error(`PUBREL ${packetId} is sent for no reason`)
  // After an earlier connection: sent again.
  if (owed !== undefined) owed.isHere = true
}

interface Delivered extends Circumstances {
  readonly connection: ModelConnection
  readonly session: ModelSession
  readonly packet: Publish
}

function onPublish(delivered: Delivered): void {
  const { connection, packet } = delivered
  if (packet.retain) throw new Error('a message that was not retained is sent with RETAIN')
  const letter = packet.qos === 0 ? takeNow(delivered) : takeOwed(delivered).letter
  if (letter.topicName !== packet.topicName) throw new Error(`message ${letter.number} has another topic`)
  if (isStale(delivered) || !connection.isVersion5 || letter.copies.count > 1) return
  const interval = packet.properties?.messageExpiryInterval
  const left = expiryLeft(letter, delivered.now)
  if (interval !== left) throw new Error(`message ${letter.number} has expiry interval ${interval}, not ${left}`)
}

/** It may have been written some time ago. */
function isStale({ connection, isLate }: Delivered): boolean {
  return isLate || connection.isBlocked
}

/** The expiry interval that is left [MQTT-3.3.2-6]. */
function expiryLeft({ expirySec, arrivedAt }: Letter, now: number): number | undefined {
  return expirySec === null ? undefined : Math.max(expirySec - Math.floor((now - arrivedAt) / 1000), 0)
}

/** QoS 0: what was published or granted as such. */
function takeNow(delivered: Delivered): Letter {
  const { session, packet } = delivered
  const number = numberOf(packet.payload)
  const isIt = ({ letter }: OwedNow): boolean => letter.number === number
  let taken = take(session.owedNow, isIt, delivered)
  for (const [group, granted] of session.memberships) {
    taken ??= take(group.owedNow, isIt, delivered)
    if (granted === 0) taken ??= take(group.owed, (owed) => isIt(owed) && owed.state === 'waiting', delivered)
  }
  if (taken !== undefined) return taken.letter
  throw new Error(`message ${number} is sent to ${session.clientId} with QoS 0 for no reason`)
}

function takeOwed(delivered: Delivered): Owed {
  const { connection, session, packet, now, isStoreHeld } = delivered
  const { dup, qos, packetId = 0 } = packet
  const number = numberOf(packet.payload)
  const isRightLetter = (owed: Owed): boolean => owed.letter.number === number && owed.qos === qos
  let owed = session.window.get(packetId)
  if (dup) {
    owed ??= session.owed.find((other) => isRightLetter(other) && other.state === 'waiting' && other.mayCountAsSent)
    if (owed === undefined || !isRightLetter(owed) || owed.state === 'released' || owed.isHere) {
      throw new Error(`message ${number} is sent again as ${packetId} for no reason`)
    }
  } else {
    if (owed !== undefined) throw new Error(`identifier ${packetId} is used for two messages`)
    owed = findWaiting(delivered, isRightLetter)
    if (owed === undefined) throw new Error(`message ${number} is sent to ${session.clientId} for no reason`)
    const isCopied = owed.letter.copies.count > 1
    if (!isStale(delivered) && !isCopied && isExpired(owed.letter, now))
      throw new Error(`message ${number} has expired`)
    if (isStoreHeld && !connection.isBlocked && qos === 2 && owed.isDurable)
      throw new Error(`the identifier of ${number} is not durable`)
  }
  if (!isStale(delivered)) checkOrder(delivered, owed)
  session.send(owed, packetId)
  const open = [...session.window.values()].filter(({ isHere, state }) => isHere && state !== 'released')
  if (open.length > connection.limit) throw new Error(`${open.length} messages are in flight`)
  return owed
}

function findWaiting(delivered: Delivered, isRightLetter: (owed: Owed) => boolean): Owed | undefined {
  const { session } = delivered
  const isIt = (owed: Owed): boolean => isRightLetter(owed) && owed.state === 'waiting'
  const groups = [...session.memberships].flatMap(([group, granted]) => (granted > 0 ? [group] : []))
  for (const owner of [session, ...groups]) {
    const found = find(owner.owed, isIt, delivered)
    if (found !== undefined) return found
  }
  for (const owner of [session, ...groups]) {
    const found = take(owner.doubtful, isIt, delivered)
    if (found === undefined) continue
    owner.owed.push(found)
    return found
  }
  return undefined
}

/** Of one publisher, topic and QoS nothing goes before what came earlier, also when it is sent again [MQTT-4.6.0-5]. */
function checkOrder({ session, packet, now }: Delivered, owed: Owed): void {
  // A group keeps no order (spec 4.8.2).
  if (owed.group !== null) return
  const place = session.owed.indexOf(owed)
  const isAhead = (other: Owed, otherPlace: number): boolean => {
    if (other.state === 'sent') return !other.isHere && (!packet.dup || other.sentAs < owed.sentAs)
    return !packet.dup && otherPlace < place && other.mustLeave(now)
  }
  const overtaken = session.owed.find((other, i) => isSameStream(other, owed) && isAhead(other, i))
  if (overtaken === undefined) return
  throw new Error(`message ${owed.letter.number} is sent to ${session.clientId} before ${overtaken.letter.number}`)
}

function isSameStream(one: Owed, other: Owed): boolean {
  const { letter } = one
  const isSameTopic = letter.topicName === other.letter.topicName && letter.publisher === other.letter.publisher
  const isOtherMessage = letter.number !== other.letter.number
  return isSameTopic && isOtherMessage && letter.qos === other.letter.qos && one.qos === other.qos
}

/**
 * Of a message that its publisher has sent again the broker may have two copies, or one if the other expired or went with a
 * crash or for want of room: the likeliest is taken.
 */
function find<T extends OwedNow>(all: readonly T[], isIt: (item: T) => boolean, delivered: Delivered): T | undefined {
  const { now, packet, connection } = delivered
  const likelihood = ({ letter, isCertain }: OwedNow): number => {
    const interval = packet.properties?.messageExpiryInterval
    const isSameInterval = connection.isVersion5 && expiryLeft(letter, now) === interval
    return (isSameInterval ? 4 : 0) + (isExpired(letter, now) ? 0 : 2) + (isCertain ? 1 : 0)
  }
  return all.filter(isIt).toSorted((a, b) => likelihood(b) - likelihood(a))[0]
}

function take<T extends OwedNow>(all: T[], isIt: (item: T) => boolean, delivered: Delivered): T | undefined {
  const found = find(all, isIt, delivered)
  if (found !== undefined) all.splice(all.indexOf(found), 1)
  return found
}

function textOf(packet: unknown): string {
  return JSON.stringify(packet) ?? 'anything of its kind'
}
