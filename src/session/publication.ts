// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import { varintLength } from '../codec/packet-writer.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { MESSAGE_EXPIRY_BYTES, NO_EXPIRY, type PublishView, TOPIC_ALIAS_BYTES } from '../codec/publish.ts'
import {
  type MessageParts,
  packetIdOffset,
  type PublishForm,
  publishFirstByte,
  publishLength,
  writePublishHead,
} from '../codec/publish-frame.ts'
import { Message } from './message.ts'
import { MAX_RESERVE } from './outlet.ts'
import { copyBriefly } from './payload-arena.ts'

/** A PUBLISH as many recipients get it: all but the packet identifier is the same for each. */
export interface Frame {
  /** What the whole packet stands in, or null when it is too long for that: then its head is written for each recipient. */
  source: Buffer | null
  /** Where in it. */
  start: number
  isWritten: boolean
  /** The packet alone, once it has more than two recipients; see `copyFrame`. */
  bytes: Buffer | null
  firstByte: number
  packetIdAt: number
  length: number
  readonly form: { -readonly [Field in keyof PublishForm]: PublishForm[Field] }
  /** The publication it was made for. */
  stamp: number
}

const FIRST_SCRATCH = 64 * 1024
/** All twelve forms of the longest frame fit. Further ones, for identifiers, are written and forgotten one by one. */
const MAX_SCRATCH = 512 * 1024
/** So many publications in a row that needed no large scratch give it back. */
const LIGHT_PUBLICATIONS = 100
const NO_IDENTIFIERS: readonly number[] = []
const EMPTY = Buffer.alloc(0)

/**
 * The message that is being routed. One object is used again and again: it points into the packet that came in, and each
 * form of PUBLISH that recipients need is encoded at most once. Only what must outlive the turn is copied, into a
 * `Message`, and that once for all who keep it.
 */
export class Publication implements MessageParts {
  topicName = ''
  topic: Buffer = EMPTY
  topicStart = 0
  topicEnd = 0
  properties: Buffer = EMPTY
  propertiesStart = 0
  propertiesEnd = 0
  payload: Buffer = EMPTY
  payloadStart = 0
  payloadEnd = 0
  qos: QoS = 0
  /** As published. */
  retain = false
  messageExpiryInterval: number = NO_EXPIRY
  receivedAt = 0
  #message: Message | null = null
  /** The packet that came in, when it can go out as it is in the same form; else its end is 0. */
  #sourceStart = 0
  #sourceEnd = 0
  #sourceIsVersion5 = false
  #sourcePacketIdAt = 0
  readonly #frames: Frame[] = Array.from({ length: 12 }, (_, index) => newFrame(index))
  readonly #frameWithIdentifiers: Frame = newFrame(6)
  #stamp = 0
  #scratch: Buffer = Buffer.allocUnsafeSlow(FIRST_SCRATCH)
  #scratchUsed = 0
  #lightInARow = 0

  /**
   * Points at a PUBLISH that was read. `topic` holds the bytes of the resolved topic name; `maxExpiry` is the configured cap
   * (seconds, NO_EXPIRY for none), which also counts for messages that came without an interval.
   */
  setView(view: PublishView, topicName: string, topic: Buffer, maxExpiry: number, now: number): void {
    this.#reset(topicName, view.qos, view.retain)
    this.topic = topic
    this.topicStart = 0
    this.topicEnd = topic.length
    this.payload = view.buffer
    this.payloadStart = view.payloadStart
    this.payloadEnd = view.end
    this.messageExpiryInterval = Math.min(view.messageExpiryInterval, maxExpiry)
    this.receivedAt = now
    this.#setProperties(view)
    const isForwardable = view.topicAlias === 0 && this.messageExpiryInterval === view.messageExpiryInterval
    const remaining = view.end - view.topicStart + 2
    // A Remaining Length that is not in its shortest form is legal before MQTT 5, but not passed on.
    if (isForwardable && view.topicStart - 2 - view.start === 1 + varintLength(remaining)) {
      this.#sourceStart = view.start
      this.#sourceEnd = view.end
      this.#sourceIsVersion5 = view.version === ProtocolVersion.V5
      this.#sourcePacketIdAt = view.packetIdAt - view.start
    }
  }

  /** The message is to go on with another QoS than it came with. */
  changeQoS(qos: QoS): void {
    this.qos = qos
    // Its packet is of no use now.
    this.#sourceEnd = 0
  }

  /** Points at a message that is kept: a will, or what the broker itself publishes. */
  setMessage(message: Message): void {
    this.#reset(message.topicName, message.qos, message.retain)
    this.#message = message
    this.topic = message.topic
    this.topicStart = 0
    this.topicEnd = message.topicEnd
    this.properties = message.properties
    this.propertiesStart = 0
    this.propertiesEnd = message.propertiesEnd
    this.payload = message.payload
    this.payloadStart = 0
    this.payloadEnd = message.payloadEnd
    this.messageExpiryInterval = message.messageExpiryInterval
    this.receivedAt = message.receivedAt
  }

  /** The message with memory of its own. Made when first asked for. */
  get message(): Message {
    this.#message ??= new Message({
      topicName: this.topicName,
      topic: this.topic,
      properties:
        this.propertiesEnd === this.propertiesStart
          ? EMPTY
          : copyBriefly(this.properties, this.propertiesStart, this.propertiesEnd),
      payload:
        this.payloadEnd === this.payloadStart ? EMPTY : copyBriefly(this.payload, this.payloadStart, this.payloadEnd),
      qos: this.qos,
      retain: this.retain,
      messageExpiryInterval: this.messageExpiryInterval,
      receivedAt: this.receivedAt,
    })
    return this.#message
  }

  /** Lets go of the message, which may be large, and of the packet it came in. */
  release(): void {
    this.#message = null
    this.payload = EMPTY
    this.properties = EMPTY
  }

  /** The packet in one form; encoded when first asked for. */
  frame(isVersion5: boolean, qos: QoS, retain: boolean, identifiers: readonly number[]): Frame {
    if (isVersion5 && identifiers.length > 0) {
      const frame = this.#frameWithIdentifiers
      const { form } = frame
      const isSame = frame.stamp === this.#stamp && form.qos === qos && form.retain === retain
      if (isSame && form.identifiers === identifiers) return frame
      form.qos = qos
      form.retain = retain
      form.identifiers = identifiers
      this.#encode(frame)
      return frame
    }
    const frame = this.#frames[(isVersion5 ? 6 : 0) + qos * 2 + (retain ? 1 : 0)]!
    if (frame.stamp !== this.#stamp) this.#encode(frame)
    return frame
  }

  #encode(frame: Frame): void {
    const { form } = frame
    form.messageExpiryInterval = this.messageExpiryInterval
    frame.stamp = this.#stamp
    frame.isWritten = false
    frame.bytes = null
    // DUP is 0 [MQTT-4.3.1-1] [MQTT-4.3.2-2] [MQTT-4.3.3-2] [MQTT4-4.3.1-1] [MQTT4-4.3.2-1]
    frame.firstByte = publishFirstByte(form.qos, form.retain, false)
    if (this.#isSourceForm(form)) {
      frame.length = this.#sourceEnd - this.#sourceStart
      frame.packetIdAt = this.#sourcePacketIdAt
      frame.source = frame.length > MAX_RESERVE ? null : this.payload
      frame.start = this.#sourceStart
      return
    }
    frame.length = publishLength(this, form)
    frame.packetIdAt = packetIdOffset(this, form)
    if (frame.length > MAX_RESERVE) {
      frame.source = null
      return
    }
    if (this.#scratchUsed + frame.length > this.#scratch.length) {
      // Frames of this publication keep the old scratch buffer.
      this.#scratch = Buffer.allocUnsafeSlow(Math.min(this.#scratch.length * 2, MAX_SCRATCH))
      this.#scratchUsed = 0
    }
    const start = this.#scratchUsed
    const end = writePublishHead(this.#scratch, start, this, form)
    this.payload.copy(this.#scratch, end, this.payloadStart, this.payloadEnd)
    this.#scratchUsed = start + frame.length
    frame.source = this.#scratch
    frame.start = start
  }

  #isSourceForm(form: PublishForm): boolean {
    return (
      this.#sourceEnd > 0 &&
      form.isVersion5 === this.#sourceIsVersion5 &&
      form.qos === this.qos &&
      form.retain === this.retain &&
      form.identifiers.length === 0
    )
  }

  #reset(topicName: string, qos: QoS, retain: boolean): void {
    this.topicName = topicName
    this.qos = qos
    this.retain = retain
    this.#message = null
    this.#sourceEnd = 0
    this.#stamp++
    if (this.#scratch.length > FIRST_SCRATCH) this.#shrinkScratch()
    this.#scratchUsed = 0
  }

  /** One large publication must not hold its room for ever. */
  #shrinkScratch(): void {
    this.#lightInARow = this.#scratchUsed > FIRST_SCRATCH ? 0 : this.#lightInARow + 1
    if (this.#lightInARow < LIGHT_PUBLICATIONS) return
    this.#lightInARow = 0
    this.#scratch = Buffer.allocUnsafeSlow(FIRST_SCRATCH)
    for (const frame of [...this.#frames, this.#frameWithIdentifiers]) {
      frame.source = null
      frame.bytes = null
    }
  }

  /** The forwarded properties: in place if nothing has to be left out, else what is left of them. */
  #setProperties(view: PublishView): void {
    this.properties = view.buffer
    this.propertiesStart = view.propertiesStart
    this.propertiesEnd = view.propertiesEnd
    if (view.topicAlias === 0 && view.messageExpiryInterval === NO_EXPIRY) return
    const kept = Buffer.allocUnsafe(view.propertiesEnd - view.propertiesStart)
    let length = 0
    for (let at = view.propertiesStart; at < view.propertiesEnd;) {
      const gap = nextGap(view, at)
      length += view.buffer.copy(kept, length, at, gap.start)
      at = gap.end
    }
    this.properties = kept
    this.propertiesStart = 0
    this.propertiesEnd = length
  }
}

/** The next property from `at` on that is not forwarded: Topic Alias [MQTT-3.3.2-7] or Message Expiry Interval. */
function nextGap(view: PublishView, at: number): { start: number; end: number } {
  const alias = view.topicAlias !== 0 && view.topicAliasAt >= at ? view.topicAliasAt : view.propertiesEnd
  const hasExpiry = view.messageExpiryInterval !== NO_EXPIRY && view.messageExpiryAt >= at
  const expiry = hasExpiry ? view.messageExpiryAt : view.propertiesEnd
  if (alias === view.propertiesEnd && expiry === view.propertiesEnd) return { start: alias, end: alias }
  return alias < expiry
    ? { start: alias, end: alias + TOPIC_ALIAS_BYTES }
    : { start: expiry, end: expiry + MESSAGE_EXPIRY_BYTES }
}

/** `index` as in `frame`. */
function newFrame(index: number): Frame {
  const form = {
    isVersion5: index >= 6,
    qos: ((index % 6) >> 1) as QoS,
    retain: index % 2 === 1,
    identifiers: NO_IDENTIFIERS,
    messageExpiryInterval: NO_EXPIRY,
  }
  return {
    source: null,
    start: 0,
    isWritten: false,
    bytes: null,
    firstByte: 0,
    packetIdAt: 0,
    length: 0,
    form,
    stamp: -1,
  }
}
