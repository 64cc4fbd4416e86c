// SPDX-License-Identifier: Apache-2.0
import { type Fault, faultsOf } from '../codec/fault.ts'

/**
 * Why a connection ended: every connection has exactly one. It says what an MQTT 5 client is told; what is wrong with the
 * bytes of a packet stands in the codec's own table.
 */
export type CloseReason = Fault

const table = {
  // Nobody's fault
  CLIENT_DISCONNECTED: [0x00, 'Client sent DISCONNECT', 'spec 3.14'],
  CLIENT_DISCONNECTED_WITH_WILL: [0x00, 'Client sent DISCONNECT that publishes its will', 'spec 3.14.2.1'],
  CONNECTION_LOST: [0x00, 'Connection was lost', 'spec 3.1.2.5'],
  SESSION_TAKEN_OVER: [0x8e, 'Another client connected with the same client id', 'MQTT-3.1.4-3'],
  SERVER_SHUTTING_DOWN: [0x8b, 'Server is shutting down', 'spec 3.14.2.1'],
  INTERNAL_ERROR: [0x80, 'Internal error', 'spec 4.13.1'],
  ADMINISTRATIVE_ACTION: [0x98, 'Administrative action', 'spec 3.14.2.1'],

  // Time
  NO_CONNECT_IN_TIME: [0x82, 'No CONNECT sent in time', 'spec 3.1.4'],
  KEEP_ALIVE_TIMEOUT: [0x8d, 'Client was idle for too long', 'MQTT-3.1.2-22'],

  // CONNECT that is well-formed but refused
  SECOND_CONNECT: [0x82, 'Second CONNECT on one connection', 'MQTT-3.1.0-2'],
  CLIENT_ID_EMPTY: [0x85, 'Client identifier is empty', 'MQTT-3.1.3-8'],
  CLIENT_ID_TOO_LONG: [0x85, 'Client identifier is too long', 'MQTT-3.1.3-8'],
  WILL_TOPIC_INVALID: [0x90, 'Will Topic is too long, has wildcards or starts with $', 'MQTT-3.1.3-11'],
  WILL_QOS_NOT_SUPPORTED: [0x9b, 'Will QoS is above the maximum QoS', 'MQTT-3.2.2-12'],
  WILL_RETAIN_NOT_SUPPORTED: [0x9a, 'Will Retain is set although retain is not available', 'MQTT-3.2.2-13'],
  WILL_NOT_AUTHORIZED: [0x87, 'Will is not permitted', 'spec 5.4.2'],
  AUTHENTICATION_METHOD_NOT_SUPPORTED: [0x8c, 'Authentication Method is not supported', 'MQTT-4.12.0-1'],
  NO_AUTHENTICATOR: [0x87, 'Authentication failed, no authenticator registered', 'MQTT-3.1.4-2'],
  NOT_AUTHENTICATED: [0x87, 'Authentication failed', 'MQTT-3.1.4-2'],
  AUTHENTICATOR_UNDECIDED: [0x87, 'Authentication failed, authenticator did not decide authenticity', 'MQTT-3.1.4-2'],
  AUTHENTICATOR_FAILED: [0x80, 'Authentication failed, exception in authenticator', 'MQTT-3.1.4-2'],
  AUTHENTICATOR_TIMED_OUT: [0x87, 'Authentication failed, authenticator timed out', 'MQTT-3.1.4-2'],
  CONNECT_PREVENTED: [0x80, 'CONNECT was prevented by an extension', 'MQTT-3.1.4-2'],
  PACKET_PREVENTED: [0x83, 'A packet was prevented by an extension', 'spec 4.13'],
  AUTH_NOT_ANSWERED: [0x87, 'Authentication failed, client did not answer AUTH in time', 'spec 4.12'],
  AUTHENTICATION_IN_PROGRESS: [0x82, 'Packet other than AUTH and DISCONNECT before CONNACK', 'MQTT-3.1.2-30'],
  AUTHENTICATION_METHOD_NOT_KEPT: [0x8c, 'Authentication Method is not that of CONNECT', 'MQTT-4.12.0-3'],
  MEMORY_SHORT: [0x97, 'Memory is short', 'spec 4.13'],
  CONNECTION_RATE_EXCEEDED: [0x9f, 'Too many clients connect at the same time', 'spec 3.2.2.2'],
  TOO_MANY_CONNECTIONS: [0x97, 'The configured maximum amount of connections is reached', 'spec 3.1.4'],

  // PUBLISH
  QOS_NOT_SUPPORTED: [0x9b, 'QoS is above the maximum QoS', 'MQTT-3.2.2-11'],
  RETAIN_NOT_SUPPORTED: [0x9a, 'Sent a PUBLISH with retain set to 1 although retain is not available', 'MQTT-3.2.2-14'],
  SUBSCRIPTION_IDENTIFIER_FROM_CLIENT: [0x82, 'PUBLISH from a client has a Subscription Identifier', 'MQTT-3.3.4-6'],
  TOPIC_EMPTY: [0x82, 'Topic is empty and there is no Topic Alias', 'MQTT-4.7.3-1'],
  TOPIC_HAS_WILDCARD: [0x90, 'Topic has wildcards', 'MQTT-3.3.2-2'],
  TOPIC_TOO_LONG: [0x90, 'Topic is too long', 'spec 4.7.3'],
  TOPIC_STARTS_WITH_DOLLAR: [0x82, 'Topics that start with $ are reserved for the server', 'MQTT-4.7.2-1'],
  TOPIC_ALIAS_TOO_LARGE: [0x94, 'Topic Alias is above the Topic Alias Maximum', 'MQTT-3.3.2-9'],
  TOPIC_ALIAS_UNKNOWN: [0x82, 'Topic Alias is not known', 'spec 3.3.2.3.4'],
  TOPIC_ALIAS_MEMORY: [0x97, 'Topic aliases of all clients take too much memory', 'spec 4.13'],
  PAYLOAD_NOT_UTF8: [0x99, 'Payload Format Indicator is 1 but the payload is not UTF-8', 'spec 3.3.2.3.2'],
  RECEIVE_MAXIMUM_EXCEEDED: [0x93, 'Sent too many concurrent PUBLISH messages', 'MQTT-3.3.4-7'],
  STORE_FULL: [0x97, 'No room to store the message', 'spec 3.4.2.1'],
  PUBLISH_NOT_AUTHORIZED: [0x87, 'Publish is not permitted', 'spec 3.3.5'],

  // SUBSCRIBE, UNSUBSCRIBE
  TOPIC_FILTER_INVALID: [0x8f, 'Topic filter is not valid', 'MQTT-4.7.1-1'],
  TOPIC_FILTER_TOO_LONG: [0x8f, 'Topic filter is too long', 'spec 4.7.3'],
  WILDCARDS_NOT_SUPPORTED: [0xa2, 'Wildcard subscriptions are switched off', 'spec 3.2.2.3.11'],
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: [0x9e, 'Shared subscriptions are switched off', 'spec 3.2.2.3.13'],
  SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED: [0xa1, 'Subscription Identifiers are switched off', 'spec 3.2.2.3.12'],
  NO_LOCAL_ON_SHARED: [0x82, 'No Local on a shared subscription', 'MQTT-3.8.3-4'],
  ANSWER_TOO_LARGE: [0x95, 'The client does not take the answer to its packet', 'MQTT-3.1.2-24'],
  SUBSCRIBE_NOT_AUTHORIZED: [0x87, 'Subscribe is not permitted', 'MQTT4-3.8.4-5'],

  // DISCONNECT, AUTH
  SESSION_EXPIRY_RAISED: [0x82, 'Session Expiry Interval above 0 in DISCONNECT after 0 in CONNECT', 'spec 3.14.2.2.2'],
  AUTH_WITHOUT_METHOD: [0x82, 'AUTH on a connection without Authentication Method', 'MQTT-4.12.0-7'],
  AUTH_UNEXPECTED: [0x82, 'AUTH with this reason code is not expected', 'MQTT-4.12.0-3'],
  // Not 0x8c: it is not one of DISCONNECT's codes (spec 3.14.2.1), though the table of all codes (spec 2.4) names it there.
  AUTHENTICATION_METHOD_CHANGED: [0x82, 'Authentication Method is not that of CONNECT', 'MQTT-4.12.1-1'],
  REAUTHENTICATION_REFUSED: [0x87, 'Re-authentication was refused', 'MQTT-4.12.1-2'],
} as const

export const CloseReasons: { readonly [Name in keyof typeof table]: CloseReason } = faultsOf(table)
