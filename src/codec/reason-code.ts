// SPDX-License-Identifier: Apache-2.0
import { PacketType } from './packet-type.ts'

/** Reason codes of MQTT 5 (spec 5.0, 2.4). One number can have several names: what it means depends on the packet. */
export const ReasonCode = {
  SUCCESS: 0x00,
  NORMAL_DISCONNECTION: 0x00,
  GRANTED_QOS_0: 0x00,
  GRANTED_QOS_1: 0x01,
  GRANTED_QOS_2: 0x02,
  DISCONNECT_WITH_WILL_MESSAGE: 0x04,
  NO_MATCHING_SUBSCRIBERS: 0x10,
  NO_SUBSCRIPTION_EXISTED: 0x11,
  CONTINUE_AUTHENTICATION: 0x18,
  REAUTHENTICATE: 0x19,
  UNSPECIFIED_ERROR: 0x80,
  MALFORMED_PACKET: 0x81,
  PROTOCOL_ERROR: 0x82,
  IMPLEMENTATION_SPECIFIC_ERROR: 0x83,
  UNSUPPORTED_PROTOCOL_VERSION: 0x84,
  CLIENT_IDENTIFIER_NOT_VALID: 0x85,
  BAD_USER_NAME_OR_PASSWORD: 0x86,
  NOT_AUTHORIZED: 0x87,
  SERVER_UNAVAILABLE: 0x88,
  SERVER_BUSY: 0x89,
  BANNED: 0x8a,
  SERVER_SHUTTING_DOWN: 0x8b,
  BAD_AUTHENTICATION_METHOD: 0x8c,
  KEEP_ALIVE_TIMEOUT: 0x8d,
  SESSION_TAKEN_OVER: 0x8e,
  TOPIC_FILTER_INVALID: 0x8f,
  TOPIC_NAME_INVALID: 0x90,
  PACKET_IDENTIFIER_IN_USE: 0x91,
  PACKET_IDENTIFIER_NOT_FOUND: 0x92,
  RECEIVE_MAXIMUM_EXCEEDED: 0x93,
  TOPIC_ALIAS_INVALID: 0x94,
  PACKET_TOO_LARGE: 0x95,
  MESSAGE_RATE_TOO_HIGH: 0x96,
  QUOTA_EXCEEDED: 0x97,
  ADMINISTRATIVE_ACTION: 0x98,
  PAYLOAD_FORMAT_INVALID: 0x99,
  RETAIN_NOT_SUPPORTED: 0x9a,
  QOS_NOT_SUPPORTED: 0x9b,
  USE_ANOTHER_SERVER: 0x9c,
  SERVER_MOVED: 0x9d,
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: 0x9e,
  CONNECTION_RATE_EXCEEDED: 0x9f,
  MAXIMUM_CONNECT_TIME: 0xa0,
  SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED: 0xa1,
  WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED: 0xa2,
} as const
export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode]

/** 0x80 and above say that it did not work. */
export const FIRST_ERROR = 0x80

const PUBLISH_OUTCOMES = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const RELEASE_OUTCOMES = [0x00, 0x92]

/** What each packet may carry, whoever sends it. [MQTT-3.2.2-8] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] */
const ALLOWED: Readonly<Record<number, ReadonlySet<number>>> = {
  [PacketType.CONNACK]: new Set([
    0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
    0x9c, 0x9d, 0x9f,
  ]),
  [PacketType.PUBACK]: new Set(PUBLISH_OUTCOMES),
  [PacketType.PUBREC]: new Set(PUBLISH_OUTCOMES),
  [PacketType.PUBREL]: new Set(RELEASE_OUTCOMES),
  [PacketType.PUBCOMP]: new Set(RELEASE_OUTCOMES),
  [PacketType.SUBACK]: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
  [PacketType.UNSUBACK]: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
  [PacketType.DISCONNECT]: new Set([
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
    0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
  ]),
  [PacketType.AUTH]: new Set([0x00, 0x18, 0x19]),
}

/** Whether a packet of this type may carry `code`. */
export function isReasonCodeOf(type: PacketType, code: number): code is ReasonCode {
  return ALLOWED[type]?.has(code) ?? false
}

/**
 * The return code that an MQTT 3.1 or 3.1.1 client gets in CONNACK for a reason code, or undefined where the connection
 * is closed without one [MQTT4-3.2.2-6]. HiveMQ's mapping, but for 0x97 and 0x9f: a limit is temporary, and 5 reads as a
 * credentials fault.
 */
export function toReturnCode(code: ReasonCode): number | undefined {
  switch (code) {
    case ReasonCode.SUCCESS:
      return 0
    case ReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
      return 1
    case ReasonCode.CLIENT_IDENTIFIER_NOT_VALID:
      return 2
    case ReasonCode.SERVER_UNAVAILABLE:
    case ReasonCode.SERVER_BUSY:
    case ReasonCode.USE_ANOTHER_SERVER:
    case ReasonCode.SERVER_MOVED:
    case ReasonCode.QUOTA_EXCEEDED:
    case ReasonCode.CONNECTION_RATE_EXCEEDED:
      return 3
    case ReasonCode.BAD_USER_NAME_OR_PASSWORD:
    case ReasonCode.BAD_AUTHENTICATION_METHOD:
      return 4
    case ReasonCode.UNSPECIFIED_ERROR:
    case ReasonCode.MALFORMED_PACKET:
    case ReasonCode.PROTOCOL_ERROR:
    case ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR:
      return undefined
    default:
      return 5
  }
}
