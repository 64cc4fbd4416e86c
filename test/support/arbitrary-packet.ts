// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import type { Packet } from '../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../src/codec/packet-type.ts'
import {
  PROPERTY_RULES,
  type Properties,
  type PropertyContext,
  PropertyId,
  type PropertyRule,
  PropertyType,
  WILL_PROPERTIES,
} from '../../src/codec/property.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { isReasonCodeOf } from '../../src/codec/reason-code.ts'

// Every packet that MQTT allows, of every version and both directions.

/** Strings that pass the strict check: no control characters, surrogates or non-characters. */
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !Array.from(value).some(isDiscouraged))
const binary = fc.uint8Array({ maxLength: 20 }).map((value) => Buffer.from(value))
const packetId = fc.integer({ min: 1, max: 0xffff })
const qos = fc.constantFrom<QoS>(0, 1, 2)
const topicName = text.filter((value) => value.length > 0 && !/[#+]/.test(value))

function isDiscouraged(character: string): boolean {
  const codePoint = character.codePointAt(0)!
  const isControl = codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f)
  return isControl || (codePoint >= 0xfdd0 && codePoint <= 0xfdef) || (codePoint & 0xfffe) === 0xfffe
}

export const protocolVersion: fc.Arbitrary<ProtocolVersion> = fc.constantFrom(...Object.values(ProtocolVersion))

function propertyValue(rule: PropertyRule, context: PropertyContext): fc.Arbitrary<unknown> {
  switch (rule.id) {
    case PropertyId.RESPONSE_TOPIC:
      return topicName
    case PropertyId.TOPIC_ALIAS:
    case PropertyId.RECEIVE_MAXIMUM:
      return fc.integer({ min: 1, max: 0xffff })
    case PropertyId.MAXIMUM_PACKET_SIZE:
      return fc.integer({ min: 1, max: 0xffff_ffff })
    case PropertyId.SUBSCRIPTION_IDENTIFIER:
      return fc.array(fc.integer({ min: 1, max: 268_435_455 }), {
        minLength: 1,
        maxLength: context === PacketType.PUBLISH ? 3 : 1,
      })
    default:
  }
  switch (rule.type) {
    case PropertyType.BYTE:
      return fc.constantFrom(0, 1)
    case PropertyType.UINT16:
      return fc.integer({ min: 0, max: 0xffff })
    case PropertyType.UINT32:
      return fc.integer({ min: 0, max: 0xffff_ffff })
    case PropertyType.STRING:
      return text
    case PropertyType.STRING_PAIR:
      return fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 })
    default:
      return binary
  }
}

function properties(context: PropertyContext): fc.Arbitrary<Properties> {
  const model: Record<string, fc.Arbitrary<unknown>> = {}
  for (const rule of PROPERTY_RULES) {
    if ((rule.contexts & (1 << context)) !== 0) model[rule.name] = propertyValue(rule, context)
  }
  return fc.record(model, { requiredKeys: [] })
}

/** Properties as far as the version knows them, under the key `properties`. */
function ofVersion(version: ProtocolVersion, context: PropertyContext): fc.Arbitrary<{ properties?: Properties }> {
  return version === ProtocolVersion.V5 ? fc.record({ properties: properties(context) }) : fc.constant({})
}

function reasonCode(version: ProtocolVersion, type: PacketType): fc.Arbitrary<number> {
  if (version !== ProtocolVersion.V5) return fc.constant(0)
  return fc.constantFrom(...Array.from({ length: 256 }, (_, code) => code).filter((code) => isReasonCodeOf(type, code)))
}

function connect(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const isVersion5 = version === ProtocolVersion.V5
  const noProperties = fc.constant<Properties>({})
  const will = fc.record({
    topicName,
    payload: binary,
    qos,
    retain: fc.boolean(),
    properties: isVersion5 ? properties(WILL_PROPERTIES) : noProperties,
  })
  return fc
    .record(
      {
        type: fc.constant(PacketType.CONNECT),
        protocolVersion: fc.constant(version),
        cleanStart: fc.boolean(),
        keepAliveSec: fc.integer({ min: 0, max: 0xffff }),
        clientId: text,
        properties: isVersion5 ? properties(PacketType.CONNECT) : noProperties,
        will,
        userName: text,
        password: binary,
      },
      { requiredKeys: ['type', 'protocolVersion', 'cleanStart', 'keepAliveSec', 'clientId', 'properties'] },
    )
    .filter((packet) => isVersion5 || packet.password === undefined || packet.userName !== undefined)
    .filter(({ properties: { authenticationData, authenticationMethod } }) => {
      return authenticationData === undefined || authenticationMethod !== undefined
    })
}

function publish(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .record({
      topicName,
      payload: binary,
      qos,
      retain: fc.boolean(),
      dup: fc.boolean(),
      packetId,
      more: ofVersion(version, PacketType.PUBLISH),
    })
    .map(({ packetId: id, more, ...packet }) => ({
      type: PacketType.PUBLISH,
      ...packet,
      dup: packet.dup && packet.qos > 0,
      ...(packet.qos > 0 && { packetId: id }),
      ...more,
    }))
}

function ack(version: ProtocolVersion, type: AckType): fc.Arbitrary<Packet> {
  const more = fc.oneof(fc.constant({}), ofVersion(version, type))
  return fc
    .tuple(packetId, reasonCode(version, type), more)
    .map(([id, code, rest]) => ({ type, packetId: id, reasonCode: code, ...rest }))
}

function subscribe(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const flag = version === ProtocolVersion.V5 ? fc.boolean() : fc.constant(false)
  const request = fc.record({
    topicFilter: text,
    qos,
    noLocal: flag,
    retainAsPublished: flag,
    retainHandling: version === ProtocolVersion.V5 ? fc.constantFrom<0 | 1 | 2>(0, 1, 2) : fc.constant<0>(0),
  })
  return fc
    .tuple(packetId, fc.array(request, { minLength: 1, maxLength: 4 }), ofVersion(version, PacketType.SUBSCRIBE))
    .map(([id, subscriptions, more]) => ({ type: PacketType.SUBSCRIBE, packetId: id, subscriptions, ...more }))
}

function unsubscribe(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc
    .tuple(packetId, fc.array(text, { minLength: 1, maxLength: 4 }), ofVersion(version, PacketType.UNSUBSCRIBE))
    .map(([id, topicFilters, more]) => ({ type: PacketType.UNSUBSCRIBE, packetId: id, topicFilters, ...more }))
}

function subscriptionAck(version: ProtocolVersion, type: 9 | 11): fc.Arbitrary<Packet> {
  const isVersion5 = version === ProtocolVersion.V5
  const code = isVersion5 ? reasonCode(version, type) : fc.constantFrom(0, 1, 2, 0x80)
  const count = type === PacketType.UNSUBACK && !isVersion5 ? 0 : 4
  return fc
    .tuple(packetId, fc.array(code, { maxLength: count }), ofVersion(version, type))
    .map(([id, reasonCodes, more]) => ({ type, packetId: id, reasonCodes, ...more }))
}

function connack(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const isVersion5 = version === ProtocolVersion.V5
  return fc
    .record({
      sessionPresent: version === ProtocolVersion.V3_1 ? fc.constant(false) : fc.boolean(),
      reasonCode: isVersion5 ? reasonCode(version, PacketType.CONNACK) : fc.integer({ min: 0, max: 5 }),
      more: ofVersion(version, PacketType.CONNACK),
    })
    .map(({ more, ...packet }) => ({ type: PacketType.CONNACK, ...packet, ...more }))
}

function disconnect(version: ProtocolVersion): fc.Arbitrary<Packet> {
  const more = fc.oneof(fc.constant({}), ofVersion(version, PacketType.DISCONNECT))
  return fc
    .tuple(reasonCode(version, PacketType.DISCONNECT), more)
    .map(([code, rest]) => ({ type: PacketType.DISCONNECT, reasonCode: code, ...rest }) as Packet)
}

const auth = fc
  .tuple(fc.constantFrom(0x00, 0x18, 0x19), properties(PacketType.AUTH), text)
  .map(([code, rest, method]): Packet => {
    return { type: PacketType.AUTH, reasonCode: code, properties: { ...rest, authenticationMethod: method } }
  })

/** What a client may send to a server in the version. */
export function clientPacket(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.oneof(
    connect(version),
    publish(version),
    ack(version, PacketType.PUBACK),
    ack(version, PacketType.PUBREC),
    ack(version, PacketType.PUBREL),
    ack(version, PacketType.PUBCOMP),
    subscribe(version),
    unsubscribe(version),
    fc.constant<Packet>({ type: PacketType.PINGREQ }),
    disconnect(version),
    ...(version === ProtocolVersion.V5 ? [auth] : []),
  )
}

export function anyPacket(version: ProtocolVersion): fc.Arbitrary<Packet> {
  return fc.oneof(
    clientPacket(version),
    connack(version),
    subscriptionAck(version, PacketType.SUBACK),
    subscriptionAck(version, PacketType.UNSUBACK),
    fc.constant<Packet>({ type: PacketType.PINGRESP }),
  )
}

export const versionAndPacket: fc.Arbitrary<{ version: ProtocolVersion; packet: Packet }> = protocolVersion.chain(
  (version) => anyPacket(version).map((packet) => ({ version, packet })),
)
