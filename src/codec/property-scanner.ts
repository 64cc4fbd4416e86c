// SPDX-License-Identifier: Apache-2.0
import { Faults, type Fault } from './fault.ts'
import type { PacketReader } from './packet-reader.ts'
import { type PropertyContext, PropertyId, type PropertyRule, PropertyType, propertyRule } from './property.ts'
import { checkUtf8 } from './utf8.ts'
import { PacketType } from './packet-type.ts'

/**
 * Walks over the property block of a packet and checks every rule that holds for one property: known, allowed here, given
 * once, complete, in range. Decoding builds on it, and so does the routing of PUBLISH, which keeps most properties as
 * the bytes they came in.
 */
export class PropertyScanner {
  readonly #reader: PacketReader
  readonly #context: PropertyContext
  readonly #end: number
  #seenLow = 0
  #seenHigh = 0
  #userPropertyBytes = 0
  /** The property at hand, valid after `next` said true. */
  rule!: PropertyRule
  /** Value of the numeric types. */
  number = 0
  /** First byte of the identifier. */
  start = 0
  /** Bytes of the value, behind the length field where the type has one. Of a pair: the name. */
  valueStart = 0
  valueEnd = 0
  /** Second string of a pair. */
  pairStart = 0
  pairEnd = 0

  /** Reads the property length; the reader stands at it. */
  constructor(reader: PacketReader, context: PropertyContext) {
    this.#reader = reader
    this.#context = context
    const length = reader.varint()
    if (length > reader.remaining) reader.fail(Faults.PROPERTY_LENGTH)
    this.#end = reader.position + length
  }

  /** Goes to the next property; false at the end of the block or when the reader has a fault. */
  next(): boolean {
    const reader = this.#reader
    if (reader.fault !== null || reader.position >= this.#end) return false
    this.start = reader.position
    const id = reader.varint()
    const rule = propertyRule(id)
    const fault = rule === undefined ? Faults.PROPERTY_UNKNOWN : (this.#misplaced(rule) ?? this.#readValue(rule))
    if (fault !== null) {
      reader.fail(fault)
      return false
    }
    return reader.fault === null
  }

  #misplaced(rule: PropertyRule): Fault | null {
    if ((rule.contexts & (1 << this.#context)) === 0) return Faults.PROPERTY_MISPLACED
    this.rule = rule
    if (isRepeatable(rule.id, this.#context)) return null
    const bit = 1 << (rule.id & 31)
    const seen = rule.id < 32 ? this.#seenLow : this.#seenHigh
    if ((seen & bit) !== 0) return Faults.PROPERTY_TWICE
    if (rule.id < 32) this.#seenLow |= bit
    else this.#seenHigh |= bit
    return null
  }

  #readValue(rule: PropertyRule): Fault | null {
    const reader = this.#reader
    switch (rule.type) {
      case PropertyType.BYTE:
        this.#skip(1)
        this.number = reader.fault === null ? reader.buffer[this.valueStart]! : 0
        break
      case PropertyType.UINT16:
        this.#skip(2)
        this.number = reader.fault === null ? reader.buffer.readUInt16BE(this.valueStart) : 0
        break
      case PropertyType.UINT32:
        this.#skip(4)
        this.number = reader.fault === null ? reader.buffer.readUInt32BE(this.valueStart) : 0
        break
      case PropertyType.VARINT:
        this.number = reader.varint()
        if (reader.position > this.#end) reader.fail(Faults.PROPERTY_TRUNCATED)
        break
      case PropertyType.STRING:
      case PropertyType.STRING_PAIR:
        this.#skipString() // Response Topic, Content Type and others [MQTT-3.3.2-13] [MQTT-3.3.2-19]
        if (rule.type === PropertyType.STRING_PAIR) {
          const { valueStart, valueEnd } = this
          this.#skipString() // both halves [MQTT-1.5.7-1]
          this.pairStart = this.valueStart
          this.pairEnd = this.valueEnd
          this.valueStart = valueStart
          this.valueEnd = valueEnd
        }
        break
      case PropertyType.BINARY:
        this.#skipLengthPrefixed()
    }
    return reader.fault ?? this.#checkValue(rule)
  }

  #skip(length: number): void {
    this.valueStart = this.#reader.position
    this.valueEnd = this.valueStart + length
    if (this.valueEnd > this.#end) this.#reader.fail(Faults.PROPERTY_TRUNCATED)
    else this.#reader.position = this.valueEnd
  }

  #skipLengthPrefixed(): void {
    this.#skip(2)
    if (this.#reader.fault === null) this.#skip(this.#reader.buffer.readUInt16BE(this.valueStart))
  }

  #skipString(): void {
    this.#skipLengthPrefixed()
    const reader = this.#reader
    if (reader.fault !== null) return
    const fault = checkUtf8(reader.buffer, this.valueStart, this.valueEnd, reader.limits.isUtf8Strict)
    if (fault !== null) reader.fail(fault)
  }

  #checkValue(rule: PropertyRule): Fault | null {
    switch (rule.id) {
      case PropertyId.PAYLOAD_FORMAT_INDICATOR:
        return this.number > 1 ? Faults.PAYLOAD_FORMAT_INDICATOR : null
      case PropertyId.REQUEST_PROBLEM_INFORMATION:
      case PropertyId.REQUEST_RESPONSE_INFORMATION:
      case PropertyId.MAXIMUM_QOS:
      case PropertyId.RETAIN_AVAILABLE:
      case PropertyId.WILDCARD_SUBSCRIPTION_AVAILABLE:
      case PropertyId.SUBSCRIPTION_IDENTIFIER_AVAILABLE:
      case PropertyId.SHARED_SUBSCRIPTION_AVAILABLE:
        return this.number > 1 ? Faults.PROPERTY_NOT_BOOLEAN : null
      case PropertyId.RECEIVE_MAXIMUM: // spec 3.1.2.11.3
      case PropertyId.MAXIMUM_PACKET_SIZE: // spec 3.1.2.11.4
      case PropertyId.SUBSCRIPTION_IDENTIFIER: // spec 3.8.2.1.2
        return this.number === 0 ? Faults.PROPERTY_ZERO : null
      case PropertyId.TOPIC_ALIAS: // [MQTT-3.3.2-8]
        return this.number === 0 ? Faults.TOPIC_ALIAS_ZERO : null
      case PropertyId.RESPONSE_TOPIC: // [MQTT-3.3.2-14], and a topic name has at least one character [MQTT-4.7.3-1]
        return this.#isTopicName() ? null : Faults.RESPONSE_TOPIC
      case PropertyId.USER_PROPERTY:
        this.#userPropertyBytes += this.pairEnd - this.start
        return this.#userPropertyBytes > this.#reader.limits.maxUserPropertyBytes
          ? Faults.USER_PROPERTIES_TOO_LARGE
          : null
      default:
        return null
    }
  }

  #isTopicName(): boolean {
    for (let i = this.valueStart; i < this.valueEnd; i++) {
      const byte = this.#reader.buffer[i]
      if (byte === 0x23 || byte === 0x2b) return false // '#', '+'
    }
    return this.valueEnd > this.valueStart
  }
}

/** A server may send a Subscription Identifier per matching subscription; everything else but User Property stands once. */
function isRepeatable(id: PropertyId, context: PropertyContext): boolean {
  return (
    id === PropertyId.USER_PROPERTY || (id === PropertyId.SUBSCRIPTION_IDENTIFIER && context === PacketType.PUBLISH)
  )
}
