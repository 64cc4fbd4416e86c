// SPDX-License-Identifier: Apache-2.0
import { copyOf } from '../codec/packet-reader.ts'
import type { QoS } from '../codec/packet-type.ts'
import type { MessageParts } from '../codec/publish-frame.ts'
import type { StoredMessage } from '../store/change-record.ts'
import type { Clock } from '../util/clock.ts'
import { isBrief } from './payload-arena.ts'

/** What a message is made of; see `Message` for the meaning of each. */
export interface MessageFields {
  readonly topicName: string
  readonly topic: Buffer
  readonly properties: Buffer
  readonly payload: Buffer
  readonly qos: QoS
  readonly retain: boolean
  readonly messageExpiryInterval: number
  readonly receivedAt: number
}

/** A message that outlives the turn it came in. One object, whoever keeps it: queues, windows, the retained store. */
export class Message implements MessageParts {
  readonly topicName: string
  readonly qos: QoS
  /** As published. */
  readonly retain: boolean
  readonly topic: Buffer
  readonly topicStart = 0
  readonly topicEnd: number
  readonly properties: Buffer
  readonly propertiesStart = 0
  readonly propertiesEnd: number
  readonly payload: Buffer
  readonly payloadStart = 0
  readonly payloadEnd: number
  /** Seconds from `receivedAt` on; NO_EXPIRY for none. */
  readonly messageExpiryInterval: number
  /** On the clock's monotonic scale. */
  readonly receivedAt: number
  #stored: StoredMessage | null = null

  constructor(fields: MessageFields) {
    this.topicName = fields.topicName
    this.qos = fields.qos
    this.retain = fields.retain
    this.topic = fields.topic
    this.topicEnd = fields.topic.length
    this.properties = fields.properties
    this.propertiesEnd = fields.properties.length
    this.payload = fields.payload
    this.payloadEnd = fields.payload.length
    this.messageExpiryInterval = fields.messageExpiryInterval
    this.receivedAt = fields.receivedAt
  }

  /** What its parts take. */
  get bytes(): number {
    return this.topicEnd + this.propertiesEnd + this.payloadEnd
  }

  /** When it must not be delivered any more; Infinity for never. */
  get expiresAt(): number {
    return this.receivedAt + this.messageExpiryInterval * 1000
  }

  /** An interval of 0 expires at once: whoever is online gets it, nobody's queue does. */
  isExpired(now: number): boolean {
    return now >= this.expiresAt
  }

  /** What is left of the expiry interval, less by the whole seconds that the message waited [MQTT-3.3.2-6]. */
  remainingExpiry(now: number): number {
    const waited = Math.floor((now - this.receivedAt) / 1000)
    return Math.max(this.messageExpiryInterval - waited, 0)
  }

  /** The message as the store takes it: always the same object, so that it can be kept once. */
  stored(clock: Clock): StoredMessage {
    this.#stored ??= {
      topicName: this.topicName,
      payload: this.payload,
      properties: this.properties,
      qos: this.qos,
      retain: this.retain,
      messageExpiryInterval: this.messageExpiryInterval,
      receivedAtWall: clock.wallTime() - (clock.now() - this.receivedAt),
      receivedAt: this.receivedAt,
      epoch: clock.epoch,
    }
    return this.#stored
  }

  /** The same message without memory that it shares with others, to be kept for long. */
  compact(): Message {
    const { topicName, topic, properties, payload, qos, retain, messageExpiryInterval, receivedAt } = this
    if (!isBrief(properties) && !isBrief(payload)) return this
    return new Message({
      topicName,
      topic,
      properties: copyOf(properties, 0, properties.length),
      payload: copyOf(payload, 0, payload.length),
      qos,
      retain,
      messageExpiryInterval,
      receivedAt,
    })
  }

  /** The same message, published anew: its expiry interval runs from `receivedAt`. */
  republishedAt(receivedAt: number): Message {
    const { topicName, topic, properties, payload, qos, retain, messageExpiryInterval } = this
    return new Message({ topicName, topic, properties, payload, qos, retain, messageExpiryInterval, receivedAt })
  }

  static fromStored(stored: StoredMessage, clock: Clock): Message {
    const message = new Message({
      ...stored,
      topic: Buffer.from(stored.topicName),
      // The time for which the broker was down counts [MQTT-3.3.2-5].
      receivedAt:
        stored.epoch === clock.epoch ? stored.receivedAt : clock.now() - (clock.wallTime() - stored.receivedAtWall),
    })
    message.#stored = stored
    return message
  }
}
