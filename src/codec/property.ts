// SPDX-License-Identifier: Apache-2.0
import { PacketType } from './packet-type.ts'

/** Property identifiers of MQTT 5 (spec 5.0, 2.2.2.2). */
export const PropertyId = {
  PAYLOAD_FORMAT_INDICATOR: 0x01,
  MESSAGE_EXPIRY_INTERVAL: 0x02,
  CONTENT_TYPE: 0x03,
  RESPONSE_TOPIC: 0x08,
  CORRELATION_DATA: 0x09,
  SUBSCRIPTION_IDENTIFIER: 0x0b,
  SESSION_EXPIRY_INTERVAL: 0x11,
  ASSIGNED_CLIENT_IDENTIFIER: 0x12,
  SERVER_KEEP_ALIVE: 0x13,
  AUTHENTICATION_METHOD: 0x15,
  AUTHENTICATION_DATA: 0x16,
  REQUEST_PROBLEM_INFORMATION: 0x17,
  WILL_DELAY_INTERVAL: 0x18,
  REQUEST_RESPONSE_INFORMATION: 0x19,
  RESPONSE_INFORMATION: 0x1a,
  SERVER_REFERENCE: 0x1c,
  REASON_STRING: 0x1f,
  RECEIVE_MAXIMUM: 0x21,
  TOPIC_ALIAS_MAXIMUM: 0x22,
  TOPIC_ALIAS: 0x23,
  MAXIMUM_QOS: 0x24,
  RETAIN_AVAILABLE: 0x25,
  USER_PROPERTY: 0x26,
  MAXIMUM_PACKET_SIZE: 0x27,
  WILDCARD_SUBSCRIPTION_AVAILABLE: 0x28,
  SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0x29,
  SHARED_SUBSCRIPTION_AVAILABLE: 0x2a,
} as const
export type PropertyId = (typeof PropertyId)[keyof typeof PropertyId]

export type UserProperty = readonly [name: string, value: string]

/** Decoded properties of any packet; absent means absent on the wire. */
export interface Properties {
  payloadFormatIndicator?: number
  messageExpiryInterval?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Uint8Array
  subscriptionIdentifiers?: number[]
  sessionExpiryInterval?: number
  assignedClientIdentifier?: string
  serverKeepAlive?: number
  authenticationMethod?: string
  authenticationData?: Uint8Array
  requestProblemInformation?: number
  willDelayInterval?: number
  requestResponseInformation?: number
  responseInformation?: string
  serverReference?: string
  reasonString?: string
  receiveMaximum?: number
  topicAliasMaximum?: number
  topicAlias?: number
  maximumQoS?: number
  retainAvailable?: number
  userProperties?: UserProperty[]
  maximumPacketSize?: number
  wildcardSubscriptionAvailable?: number
  subscriptionIdentifierAvailable?: number
  sharedSubscriptionAvailable?: number
}

/** Wire type of a property value. */
export const PropertyType = { BYTE: 1, UINT16: 2, UINT32: 3, VARINT: 4, STRING: 5, BINARY: 6, STRING_PAIR: 7 } as const
export type PropertyType = (typeof PropertyType)[keyof typeof PropertyType]

/** The properties of a Will stand in CONNECT but are a set of their own; type 0 is free for them. */
export const WILL_PROPERTIES = 0
export type PropertyContext = PacketType | typeof WILL_PROPERTIES

export interface PropertyRule {
  readonly id: PropertyId
  readonly name: keyof Properties
  readonly type: PropertyType
  /** One bit per packet type that may carry it. */
  readonly contexts: number
}

const contexts = (...types: PropertyContext[]): number => types.reduce<number>((bits, type) => bits | (1 << type), 0)

const { CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP } = PacketType
const { SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, DISCONNECT, AUTH } = PacketType
const MESSAGE = contexts(PUBLISH, WILL_PROPERTIES)
const ACKS = contexts(PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK)
const { BYTE, UINT16, UINT32, VARINT, STRING, BINARY, STRING_PAIR } = PropertyType

const rule = (id: PropertyId, name: keyof Properties, type: PropertyType, allowed: number): PropertyRule => ({
  id,
  name,
  type,
  contexts: allowed,
})

/** All rules in the order in which we write them: HiveMQ's, so that our CONNACK is its CONNACK byte for byte. */
export const PROPERTY_RULES: readonly PropertyRule[] = [
  rule(PropertyId.PAYLOAD_FORMAT_INDICATOR, 'payloadFormatIndicator', BYTE, MESSAGE),
  rule(PropertyId.MESSAGE_EXPIRY_INTERVAL, 'messageExpiryInterval', UINT32, MESSAGE),
  rule(PropertyId.CONTENT_TYPE, 'contentType', STRING, MESSAGE),
  rule(PropertyId.RESPONSE_TOPIC, 'responseTopic', STRING, MESSAGE),
  rule(PropertyId.CORRELATION_DATA, 'correlationData', BINARY, MESSAGE),
  rule(PropertyId.SUBSCRIPTION_IDENTIFIER, 'subscriptionIdentifiers', VARINT, contexts(PUBLISH, SUBSCRIBE)),
  rule(PropertyId.SESSION_EXPIRY_INTERVAL, 'sessionExpiryInterval', UINT32, contexts(CONNECT, CONNACK, DISCONNECT)),
  rule(PropertyId.ASSIGNED_CLIENT_IDENTIFIER, 'assignedClientIdentifier', STRING, contexts(CONNACK)),
  rule(PropertyId.SERVER_KEEP_ALIVE, 'serverKeepAlive', UINT16, contexts(CONNACK)),
  rule(PropertyId.AUTHENTICATION_METHOD, 'authenticationMethod', STRING, contexts(CONNECT, CONNACK, AUTH)),
  rule(PropertyId.AUTHENTICATION_DATA, 'authenticationData', BINARY, contexts(CONNECT, CONNACK, AUTH)),
  rule(PropertyId.REQUEST_PROBLEM_INFORMATION, 'requestProblemInformation', BYTE, contexts(CONNECT)),
  rule(PropertyId.WILL_DELAY_INTERVAL, 'willDelayInterval', UINT32, contexts(WILL_PROPERTIES)),
  rule(PropertyId.REQUEST_RESPONSE_INFORMATION, 'requestResponseInformation', BYTE, contexts(CONNECT)),
  rule(PropertyId.RESPONSE_INFORMATION, 'responseInformation', STRING, contexts(CONNACK)),
  rule(PropertyId.SERVER_REFERENCE, 'serverReference', STRING, contexts(CONNACK, DISCONNECT)),
  rule(PropertyId.REASON_STRING, 'reasonString', STRING, contexts(CONNACK, DISCONNECT, AUTH) | ACKS),
  rule(PropertyId.RECEIVE_MAXIMUM, 'receiveMaximum', UINT16, contexts(CONNECT, CONNACK)),
  rule(PropertyId.TOPIC_ALIAS, 'topicAlias', UINT16, contexts(PUBLISH)),
  rule(PropertyId.MAXIMUM_QOS, 'maximumQoS', BYTE, contexts(CONNACK)),
  rule(PropertyId.RETAIN_AVAILABLE, 'retainAvailable', BYTE, contexts(CONNACK)),
  rule(
    PropertyId.USER_PROPERTY,
    'userProperties',
    STRING_PAIR,
    contexts(CONNECT, CONNACK, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH) | MESSAGE | ACKS,
  ),
  rule(PropertyId.MAXIMUM_PACKET_SIZE, 'maximumPacketSize', UINT32, contexts(CONNECT, CONNACK)),
  rule(PropertyId.TOPIC_ALIAS_MAXIMUM, 'topicAliasMaximum', UINT16, contexts(CONNECT, CONNACK)),
  rule(PropertyId.WILDCARD_SUBSCRIPTION_AVAILABLE, 'wildcardSubscriptionAvailable', BYTE, contexts(CONNACK)),
  rule(PropertyId.SUBSCRIPTION_IDENTIFIER_AVAILABLE, 'subscriptionIdentifierAvailable', BYTE, contexts(CONNACK)),
  rule(PropertyId.SHARED_SUBSCRIPTION_AVAILABLE, 'sharedSubscriptionAvailable', BYTE, contexts(CONNACK)),
]

const RULES_BY_ID: readonly (PropertyRule | undefined)[] = Array.from({ length: 0x2b }, (_, id) =>
  PROPERTY_RULES.find((candidate) => candidate.id === id),
)

/** The rule of a property, or undefined when no such property exists. */
export function propertyRule(id: number): PropertyRule | undefined {
  return RULES_BY_ID[id]
}
