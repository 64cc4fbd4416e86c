// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import { copyOf } from '../codec/packet-reader.ts'
import { DEFAULT_LIMITS } from '../codec/limits.ts'
import { decodePropertyBytes, encodePropertyBytes } from '../codec/property-codec.ts'
import { NO_EXPIRY } from '../codec/publish.ts'
import type { RetainedMessage } from '../extension-sdk/retained-message-store.ts'
import type { Publish } from '../extension-sdk/publish-service.ts'
import { Message } from '../session/message.ts'
import { expectValue, toBoolean, toExpiryInterval, toMessageProperties, toQoS, toTopicName } from './given-values.ts'
import { messageProperties } from './packet-views.ts'

/** The largest packet of MQTT, less a topic and properties of any length. */
const MAX_PAYLOAD = 256 * 1024 * 1024 - 8 * 1024 * 1024

/** What an extension publishes. Throws a TypeError or an InvalidTopicError. */
export function toMessage(broker: Broker, given: Publish): Message {
  expectValue(typeof given === 'object' && given !== null, 'message', given, 'an object')
  const { settings } = broker
  const limits = { isUtf8Strict: broker.limits.isUtf8Strict, maxTopicLength: settings.maxTopicLength }
  const topicName = toTopicName(given.topicName, limits)
  const payload = toPayload(given.payload)
  const qos = toQoS(given.qos ?? 0)
  expectValue(qos <= settings.maxQos, 'qos', qos, `at most ${settings.maxQos}, as it is configured`)
  const retain = toBoolean('retain', given.retain ?? false)
  const mayRetain = !retain || settings.retainedMessagesEnabled
  expectValue(mayRetain, 'retain', retain, 'false: retained messages are switched off')
  const expiry = given.messageExpiryInterval
  const properties = encodePropertyBytes(toMessageProperties(given, payload, limits))
  expectValue(properties.length <= DEFAULT_LIMITS.maxUserPropertyBytes, 'userProperties', properties, 'fewer of them')
  const topic = Buffer.from(topicName)
  return new Message({
    topicName,
    // Memory of its own: it may be kept for long.
    topic: copyOf(topic, 0, topic.length),
    properties: copyOf(properties, 0, properties.length),
    payload,
    qos,
    retain,
    messageExpiryInterval: Math.min(
      expiry === undefined ? NO_EXPIRY : toExpiryInterval(expiry),
      broker.maxMessageExpiry,
    ),
    receivedAt: broker.clock.now(),
  })
}

export function toPayload(given: unknown): Buffer {
  const isPayload = given === undefined || typeof given === 'string' || given instanceof Uint8Array
  expectValue(isPayload, 'payload', given, 'a string or a Uint8Array')
  const bytes = typeof given === 'string' ? Buffer.from(given) : (given ?? Buffer.alloc(0))
  expectValue(bytes.length <= MAX_PAYLOAD, 'payload', bytes, `at most ${MAX_PAYLOAD} bytes`)
  return copyOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
}

export function toRetainedMessage(message: Message, now: number): RetainedMessage {
  const { topicName, qos, payload, properties, messageExpiryInterval } = message
  return {
    topicName,
    qos,
    // The broker's own copy stays as it is, whatever the extension does to this one.
    payload: Uint8Array.from(payload),
    ...messageProperties(decodePropertyBytes(properties)),
    messageExpiryInterval: messageExpiryInterval === NO_EXPIRY ? undefined : message.remainingExpiry(now),
  }
}
