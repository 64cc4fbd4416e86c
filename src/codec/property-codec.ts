// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_LIMITS } from './limits.ts'
import { copyOf, PacketReader } from './packet-reader.ts'
import { PacketType } from './packet-type.ts'
import { PacketWriter } from './packet-writer.ts'
import { PROPERTY_RULES, type Properties, type PropertyContext, type PropertyRule, PropertyType } from './property.ts'
import type { UserProperty } from './property.ts'
import { PropertyScanner } from './property-scanner.ts'

/** Reads the property length and the properties behind it. A fault is in the reader. */
export function decodeProperties(reader: PacketReader, context: PropertyContext): Properties {
  const scanner = new PropertyScanner(reader, context)
  const properties: Record<string, unknown> = {}
  while (scanner.next()) {
    const { name, type } = scanner.rule
    switch (type) {
      case PropertyType.STRING:
        properties[name] = reader.buffer.toString('utf8', scanner.valueStart, scanner.valueEnd)
        break
      case PropertyType.BINARY:
        properties[name] = copyOf(reader.buffer, scanner.valueStart, scanner.valueEnd)
        break
      case PropertyType.STRING_PAIR: {
        const pair: UserProperty = [
          reader.buffer.toString('utf8', scanner.valueStart, scanner.valueEnd),
          reader.buffer.toString('utf8', scanner.pairStart, scanner.pairEnd),
        ]
        // In the order of the wire, repeated names included [MQTT-3.3.2-18].
        const pairs = (properties[name] ??= []) as UserProperty[]
        pairs.push(pair)
        break
      }
      case PropertyType.VARINT: {
        const numbers = (properties[name] ??= []) as number[]
        numbers.push(scanner.number)
        break
      }
      default:
        properties[name] = scanner.number
    }
  }
  return properties
}

/** Writes the property length and the properties, in the order of their identifiers. */
export function encodeProperties(writer: PacketWriter, properties: Properties | undefined): void {
  if (properties === undefined) {
    writer.byte(0) // [MQTT-2.2.2-1]
    return
  }
  writer.lengthPrefixed(() => writeProperties(writer, properties))
}

/** The properties without their length, as a message keeps them. */
export function encodePropertyBytes(properties: Properties): Buffer {
  const writer = new PacketWriter()
  writeProperties(writer, properties)
  return writer.takeBytes()
}

/** What `encodePropertyBytes` has written of a message: its properties were checked when they came in. */
export function decodePropertyBytes(bytes: Buffer): Properties {
  const writer = new PacketWriter()
  writer.lengthPrefixed(() => writer.bytes(bytes))
  const prefixed = writer.takeBytes()
  return decodeProperties(new PacketReader(prefixed, 0, prefixed.length, DEFAULT_LIMITS), PacketType.PUBLISH)
}

function writeProperties(writer: PacketWriter, properties: Properties): void {
  for (const rule of PROPERTY_RULES) {
    const value = properties[rule.name]
    if (value !== undefined) writeProperty(writer, rule, value)
  }
}

function writeProperty(
  writer: PacketWriter,
  rule: PropertyRule,
  value: NonNullable<Properties[keyof Properties]>,
): void {
  switch (rule.type) {
    case PropertyType.STRING_PAIR:
      for (const [name, text] of value as UserProperty[]) {
        writer.byte(rule.id)
        writer.string(name)
        writer.string(text)
      }
      return
    case PropertyType.VARINT:
      for (const number of value as number[]) {
        writer.byte(rule.id)
        writer.varint(number)
      }
      return
    default:
      writer.byte(rule.id)
  }
  switch (rule.type) {
    case PropertyType.BYTE:
      return writer.byte(value as number)
    case PropertyType.UINT16:
      return writer.uint16(value as number)
    case PropertyType.UINT32:
      return writer.uint32(value as number)
    case PropertyType.STRING:
      return writer.string(value as string)
    case PropertyType.BINARY:
      return writer.binary(value as Uint8Array)
  }
}
