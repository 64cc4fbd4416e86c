// SPDX-License-Identifier: Apache-2.0
import { PacketType, type QoS } from './packet-type.ts'
import { varintLength, writeVarint } from './packet-writer.ts'
import { PropertyId } from './property.ts'
import { MESSAGE_EXPIRY_BYTES, NO_EXPIRY, PublishFlag } from './publish.ts'

/**
 * The parts of a message as bytes, each a range of a buffer: of the packet it came in, or of memory of its own. A PUBLISH
 * for any recipient is put together from them without decoding anything.
 */
export interface MessageParts {
  readonly topic: Buffer
  readonly topicStart: number
  readonly topicEnd: number
  /**
   * The MQTT 5 properties that are forwarded as they came and in their order: all but Topic Alias, Subscription Identifier
   * and Message Expiry Interval, which are each recipient's own.
   */
  readonly properties: Buffer
  readonly propertiesStart: number
  readonly propertiesEnd: number
  readonly payload: Buffer
  readonly payloadStart: number
  readonly payloadEnd: number
}

/** What differs between the PUBLISH packets that carry one message. */
export interface PublishForm {
  readonly isVersion5: boolean
  readonly qos: QoS
  readonly retain: boolean
  /** Subscription Identifiers; MQTT 5 only. */
  readonly identifiers: readonly number[]
  /** Seconds, or NO_EXPIRY; MQTT 5 only. */
  readonly messageExpiryInterval: number
}

export function publishFirstByte(qos: QoS, retain: boolean, dup: boolean): number {
  return (
    (PacketType.PUBLISH << 4) |
    (dup ? PublishFlag.DUP : 0) |
    (qos << PublishFlag.QOS_SHIFT) |
    (retain ? PublishFlag.RETAIN : 0)
  )
}

/** Length of the properties without the field that says so. */
function propertiesLength(parts: MessageParts, form: PublishForm): number {
  let length = parts.propertiesEnd - parts.propertiesStart
  if (form.messageExpiryInterval !== NO_EXPIRY) length += MESSAGE_EXPIRY_BYTES
  for (const identifier of form.identifiers) length += 1 + varintLength(identifier)
  return length
}

function remainingLength(parts: MessageParts, form: PublishForm): number {
  const length = 2 + parts.topicEnd - parts.topicStart + (form.qos > 0 ? 2 : 0) + parts.payloadEnd - parts.payloadStart
  if (!form.isVersion5) return length
  const properties = propertiesLength(parts, form)
  return length + varintLength(properties) + properties
}

/** Bytes of the whole packet. */
export function publishLength(parts: MessageParts, form: PublishForm): number {
  const remaining = remainingLength(parts, form)
  return 1 + varintLength(remaining) + remaining
}

/** Where in the packet the packet identifier stands, counted from its first byte. */
export function packetIdOffset(parts: MessageParts, form: PublishForm): number {
  return 1 + varintLength(remainingLength(parts, form)) + 2 + parts.topicEnd - parts.topicStart
}

/**
 * Writes everything but the payload at `position`, with DUP 0 and without a value for the packet identifier, and returns
 * the position behind it. The target has room for it.
 */
export function writePublishHead(target: Buffer, position: number, parts: MessageParts, form: PublishForm): number {
  target[position] = publishFirstByte(form.qos, form.retain, false)
  let at = writeVarint(target, position + 1, remainingLength(parts, form))
  const topicLength = parts.topicEnd - parts.topicStart
  target[at++] = topicLength >> 8
  target[at++] = topicLength & 0xff
  at += parts.topic.copy(target, at, parts.topicStart, parts.topicEnd)
  if (form.qos > 0) at += 2 // [MQTT-2.2.1-2] [MQTT4-2.3.1-5]
  return form.isVersion5 ? writeProperties(target, at, parts, form) : at
}

/** The broker uses no Topic Alias [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11]. */
function writeProperties(target: Buffer, position: number, parts: MessageParts, form: PublishForm): number {
  let at = writeVarint(target, position, propertiesLength(parts, form))
  if (form.messageExpiryInterval !== NO_EXPIRY) {
    target[at++] = PropertyId.MESSAGE_EXPIRY_INTERVAL
    at = target.writeUInt32BE(form.messageExpiryInterval, at)
  }
  for (const identifier of form.identifiers) {
    target[at++] = PropertyId.SUBSCRIPTION_IDENTIFIER
    at = writeVarint(target, at, identifier) // shortest form [MQTT-1.5.5-1]
  }
  // Unaltered and in their order [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20].
  return at + parts.properties.copy(target, at, parts.propertiesStart, parts.propertiesEnd)
}
