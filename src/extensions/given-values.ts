// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer'
import type { QoS } from '../codec/packet-type.ts'
import type { Properties, UserProperty } from '../codec/property.ts'
import { checkUtf8 } from '../codec/utf8.ts'
import { InvalidTopicError } from '../extension-sdk/errors.ts'
import { isTopicName } from '../topic/topic-name.ts'

// Values that extensions give for fields of packets. What a packet cannot carry is a TypeError that names field, value and what
// is expected: thrown into the extension, so that the broker never meets it.

const MAX_BYTES = 65_535
const MAX_UINT32 = 0xffff_ffff

export interface TextLimits {
  /** HiveMQ's `utf8-validation`. */
  readonly isUtf8Strict: boolean
  /** Characters. */
  readonly maxTopicLength: number
}

export function expectValue(isValid: boolean, field: string, found: unknown, expected: string): asserts isValid {
  if (!isValid) throw new TypeError(`${field}: found ${describe(found)}, expected ${expected}`)
}

/** A string of MQTT. */
export function toText(field: string, given: unknown, { isUtf8Strict }: TextLimits): string {
  const isText = typeof given === 'string' && given.isWellFormed()
  expectValue(isText, field, given, 'a string without lone surrogates')
  const bytes = Buffer.from(given)
  const fault = bytes.length > MAX_BYTES ? null : checkUtf8(bytes, 0, bytes.length, isUtf8Strict)
  expectValue(bytes.length <= MAX_BYTES, field, given, `at most ${MAX_BYTES} bytes`)
  expectValue(fault === null, field, given, 'a string without control characters')
  return given
}

export function toBytes(field: string, given: unknown): Uint8Array {
  const isBytes = given instanceof Uint8Array && given.length <= MAX_BYTES
  expectValue(isBytes, field, given, `a Uint8Array of at most ${MAX_BYTES} bytes`)
  return Uint8Array.from(given)
}

export function toInteger(field: string, given: unknown, minimum: number, maximum: number): number {
  const isInteger = typeof given === 'number' && Number.isInteger(given) && given >= minimum && given <= maximum
  expectValue(isInteger, field, given, `an integer from ${minimum} to ${maximum}`)
  return given
}

export function toQoS(given: unknown): QoS {
  const isQoS = given === 0 || given === 1 || given === 2
  expectValue(isQoS, 'qos', given, '0, 1 or 2')
  return given
}

export function toBoolean(field: string, given: unknown): boolean {
  expectValue(typeof given === 'boolean', field, given, 'true or false')
  return given
}

/** A topic to publish to. Throws an InvalidTopicError. */
export function toTopicName(given: unknown, limits: TextLimits): string {
  const topicName = toText('topicName', given, limits)
  if (!isTopicName(topicName)) throw new InvalidTopicError(topicName, 'a topic name has no wildcards, and is not empty')
  if (topicName.length > limits.maxTopicLength) {
    throw new InvalidTopicError(topicName, `longer than the ${limits.maxTopicLength} characters that are configured`)
  }
  return topicName
}

export function toPairs(given: unknown, limits: TextLimits): UserProperty[] {
  expectValue(Array.isArray(given), 'userProperties', given, 'an array of [name, value]')
  return given.map((pair: unknown) => {
    expectValue(Array.isArray(pair) && pair.length === 2, 'userProperties', pair, '[name, value]')
    return [toText('userProperties', pair[0], limits), toText('userProperties', pair[1], limits)]
  })
}

/** What a message has beside topic and payload; its expiry interval stands apart. */
export interface GivenProperties {
  readonly payloadFormatIndicator?: unknown
  readonly responseTopic?: unknown
  readonly correlationData?: unknown
  readonly contentType?: unknown
  readonly userProperties?: unknown
}

export function toMessageProperties(given: GivenProperties, payload: Uint8Array, limits: TextLimits): Properties {
  const { payloadFormatIndicator: format, responseTopic, correlationData, contentType, userProperties } = given
  const properties: Properties = {}
  if (format !== undefined) {
    const isFormat = format === 'unspecified' || format === 'utf-8'
    expectValue(isFormat, 'payloadFormatIndicator', format, 'unspecified or utf-8')
    expectValue(format !== 'utf-8' || isUtf8(payload), 'payload', payload, 'UTF-8, since it is said to be')
    properties.payloadFormatIndicator = format === 'utf-8' ? 1 : 0
  }
  if (contentType !== undefined) properties.contentType = toText('contentType', contentType, limits)
  if (responseTopic !== undefined) {
    properties.responseTopic = toText('responseTopic', responseTopic, limits)
    expectValue(isTopicName(properties.responseTopic), 'responseTopic', responseTopic, 'a topic name')
  }
  if (correlationData !== undefined) properties.correlationData = toBytes('correlationData', correlationData)
  if (userProperties !== undefined) properties.userProperties = toPairs(userProperties, limits)
  return properties
}

export function toExpiryInterval(given: unknown): number {
  return toInteger('messageExpiryInterval', given, 0, MAX_UINT32)
}

/** It may be of any kind and length, and refuse to be a string. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'number' || typeof value === 'boolean' || value == null) return String(value)
  return `a ${typeof value}`
}
