// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer'
import type { Will } from '../codec/connect.ts'
import type { Fault } from '../codec/fault.ts'
import { NO_EXPIRY } from '../codec/publish.ts'
import { copyOf } from '../codec/packet-reader.ts'
import { encodePropertyBytes } from '../codec/property-codec.ts'
import { Message } from '../session/message.ts'
import type { SessionWill } from '../session/session.ts'
import { isDollarTopic, isTopicName } from '../topic/topic-name.ts'
import { awaitAnswer } from './await-answer.ts'
import type { Broker } from './broker.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import type { PublishVerdict } from './extension-hooks.ts'

/** A will must be what the broker takes; otherwise its CONNECT is refused, before anything else happens. */
export function checkWill(broker: Broker, will: Will): Fault | null {
  const { settings } = broker
  const { topicName, qos, retain } = will
  if (!isTopicName(topicName) || isDollarTopic(topicName) || topicName.length > settings.maxTopicLength) {
    return CloseReasons.WILL_TOPIC_INVALID // [MQTT-3.1.3-11] [MQTT4-3.1.3-10]
  }
  if (qos > settings.maxQos) return CloseReasons.WILL_QOS_NOT_SUPPORTED // [MQTT-3.2.2-12]
  if (retain && !settings.retainedMessagesEnabled) return CloseReasons.WILL_RETAIN_NOT_SUPPORTED // [MQTT-3.2.2-13]
  if (settings.payloadFormatValidationEnabled && will.properties.payloadFormatIndicator === 1) {
    if (!isUtf8(will.payload)) return CloseReasons.PAYLOAD_NOT_UTF8
  }
  return null
}

/** A will must be what the client may publish itself. `proceed` gets null, or why not. */
export function authorizeWill(
  connection: Connection,
  will: Will,
  proceed: (refusal: Fault | null) => Fault | null,
): Fault | null {
  const { extensions } = connection
  if (extensions?.examinesPublish === true) {
    return awaitAnswer(
      connection,
      (answer: (verdict: PublishVerdict) => void) => extensions.authorizeWill(will, answer),
      (verdict) => proceed(verdict === null ? null : verdict.refusal),
    )
  }
  const isPermitted = connection.authorizer.mayPublish(connection, will.topicName, will.qos, will.retain)
  return proceed(isPermitted ? null : CloseReasons.WILL_NOT_AUTHORIZED)
}

/** The will as a message, with the properties that are forwarded [MQTT-3.1.3-10]; its delay is not one of them. */
export function toSessionWill(broker: Broker, will: Will): SessionWill {
  const { willDelayInterval, messageExpiryInterval, ...forwarded } = will.properties
  const message = new Message({
    topicName: will.topicName,
    topic: unpooled(Buffer.from(will.topicName)),
    properties: unpooled(encodePropertyBytes(forwarded)),
    payload: Buffer.from(will.payload.buffer, will.payload.byteOffset, will.payload.byteLength),
    qos: will.qos,
    retain: will.retain, // [MQTT-3.1.2-14] [MQTT-3.1.2-15] [MQTT4-3.1.2-16] [MQTT4-3.1.2-17]
    messageExpiryInterval: Math.min(messageExpiryInterval ?? NO_EXPIRY, broker.maxMessageExpiry),
    receivedAt: broker.clock.now(),
  })
  return { message, delaySec: willDelayInterval ?? 0 }
}

/** A will is kept for long: it must not hold on to 64 KiB that others use for a moment. */
function unpooled(bytes: Buffer): Buffer {
  return copyOf(bytes, 0, bytes.length)
}
