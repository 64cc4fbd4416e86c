// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '../broker/connection.ts'
import { checkWill } from '../broker/will-of-connect.ts'
import type { Connack } from '../codec/connack.ts'
import type { Connect, Will } from '../codec/connect.ts'
import { PacketType, type QoS } from '../codec/packet-type.ts'
import type { Properties } from '../codec/property.ts'
import { FIRST_ERROR, isReasonCodeOf, ReasonCode, toReturnCode } from '../codec/reason-code.ts'
import type { ConnackPacket, ConnectPacket } from '../extension-sdk/packets.ts'
import {
  expectValue,
  toBoolean,
  toBytes,
  toExpiryInterval,
  toInteger,
  toMessageProperties,
  toQoS,
  toText,
  toTopicName,
} from './given-values.ts'
import { toPayload } from './outgoing-message.ts'
import {
  type Changes,
  limitsOf,
  modifierOf,
  type PacketKind,
  type Take,
  takeReasonString,
  takeUserProperties,
  withProperty,
} from './packet-kind.ts'
import { toConnectPacket } from './packet-views.ts'

const MAX_UINT32 = 0xffff_ffff

function takeInteger(name: keyof Properties, minimum: number, maximum: number): Take<Connect> {
  return (packet, given) =>
    withProperty(packet, name, given === undefined ? undefined : toInteger(name, given, minimum, maximum))
}

function takeFlag(name: keyof Properties): Take<Connect> {
  return (packet, given) => withProperty(packet, name, toBoolean(name, given) ? 1 : 0)
}

function takeText<P extends { readonly properties?: Properties }>(name: keyof Properties): Take<P> {
  return (packet, given, connection) =>
    withProperty(packet, name, given === undefined ? undefined : toText(name, given, limitsOf(connection)))
}

/** An optional field beside the properties, or nothing in its place. */
function withField<F extends 'will' | 'userName' | 'password'>(packet: Connect, field: F, value?: Connect[F]): Connect {
  const changed: Partial<Record<string, unknown>> = { ...packet }
  if (value === undefined) delete changed[field]
  else changed[field] = value
  return changed as unknown as Connect
}

/** A will, of which what is not given is that of a message without any of it. Its delay and its expiry are seconds. */
function toWill(given: unknown, connection: Connection): Will {
  expectValue(typeof given === 'object' && given !== null, 'will', given, 'an object')
  const wish = given as Changes
  const limits = limitsOf(connection)
  const payload = toPayload(wish['payload'])
  const properties = toMessageProperties(wish, payload, limits)
  const { messageExpiryInterval, willDelayInterval } = wish
  if (messageExpiryInterval !== undefined) properties.messageExpiryInterval = toExpiryInterval(messageExpiryInterval)
  if (willDelayInterval !== undefined) {
    properties.willDelayInterval = toInteger('willDelayInterval', willDelayInterval, 0, MAX_UINT32)
  }
  const will: Will = {
    topicName: toTopicName(wish['topicName'], limits),
    payload,
    qos: toQoS(wish['qos'] ?? 0),
    retain: toBoolean('retain', wish['retain'] ?? false),
    properties,
  }
  const fault = checkWill(connection.broker, will)
  expectValue(fault === null, 'will', given, `another will: ${fault?.text}`)
  return will
}

export const connectInbound: PacketKind<Connect> = {
  name: 'connectInbound',
  type: PacketType.CONNECT,
  isStoppedByFailure: true,
  isPreventable: false,
  toView: (packet, connection): ConnectPacket => toConnectPacket(packet, packet.clientId || connection.clientId),
  modify: modifierOf<Connect>({
    clientId(packet, given, connection) {
      const clientId = toText('clientId', given, limitsOf(connection))
      const { maxClientIdLength } = connection.broker.settings
      const isLong = clientId.length > maxClientIdLength
      expectValue(clientId !== '' && !isLong, 'clientId', clientId, `1 to ${maxClientIdLength} characters`)
      return { ...packet, clientId }
    },
    cleanStart: (packet, given) => ({ ...packet, cleanStart: toBoolean('cleanStart', given) }),
    keepAliveSec: (packet, given) => ({ ...packet, keepAliveSec: toInteger('keepAliveSec', given, 0, 65_535) }),
    userName: (packet, given, connection) =>
      withField(packet, 'userName', given === undefined ? undefined : toText('userName', given, limitsOf(connection))),
    password: (packet, given) =>
      withField(packet, 'password', given === undefined ? undefined : toBytes('password', given)),
    will: (packet, given, connection) =>
      withField(packet, 'will', given === undefined ? undefined : toWill(given, connection)),
    sessionExpiryInterval: takeInteger('sessionExpiryInterval', 0, MAX_UINT32),
    receiveMaximum: takeInteger('receiveMaximum', 1, 65_535),
    maximumPacketSize: takeInteger('maximumPacketSize', 1, MAX_UINT32),
    topicAliasMaximum: takeInteger('topicAliasMaximum', 0, 65_535),
    requestResponseInformation: takeFlag('requestResponseInformation'),
    requestProblemInformation: takeFlag('requestProblemInformation'),
    authenticationMethod: takeText<Connect>('authenticationMethod'),
    authenticationData: (packet, given) =>
      withProperty(
        packet,
        'authenticationData',
        given === undefined ? undefined : toBytes('authenticationData', given),
      ),
    userProperties: takeUserProperties,
  }),
}

/** The reason codes that come closest to the return codes of MQTT 3. */
const CODES_OF_3: readonly ReasonCode[] = [
  ReasonCode.SUCCESS,
  ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
  ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  ReasonCode.SERVER_UNAVAILABLE,
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
]

function reasonCodeOf({ reasonCode }: Connack, { isVersion5 }: Connection): ReasonCode {
  return isVersion5 ? (reasonCode as ReasonCode) : CODES_OF_3[reasonCode]!
}

export const connackOutbound: PacketKind<Connack> = {
  name: 'connackOutbound',
  type: PacketType.CONNACK,
  isStoppedByFailure: true,
  isPreventable: false,
  toView(packet, connection): ConnackPacket {
    const { sessionPresent, properties = {} } = packet
    return {
      reasonCode: reasonCodeOf(packet, connection),
      sessionPresent,
      reasonString: properties.reasonString,
      sessionExpiryInterval: properties.sessionExpiryInterval,
      serverKeepAlive: properties.serverKeepAlive,
      assignedClientIdentifier: properties.assignedClientIdentifier,
      receiveMaximum: properties.receiveMaximum,
      maximumPacketSize: properties.maximumPacketSize,
      topicAliasMaximum: properties.topicAliasMaximum,
      maximumQoS: properties.maximumQoS as QoS | undefined,
      isRetainAvailable: properties.retainAvailable !== 0,
      areWildcardSubscriptionsAvailable: properties.wildcardSubscriptionAvailable !== 0,
      areSubscriptionIdentifiersAvailable: properties.subscriptionIdentifierAvailable !== 0,
      areSharedSubscriptionsAvailable: properties.sharedSubscriptionAvailable !== 0,
      responseInformation: properties.responseInformation,
      serverReference: properties.serverReference,
      authenticationMethod: properties.authenticationMethod,
      authenticationData: properties.authenticationData,
      userProperties: properties.userProperties ?? [],
    }
  },
  modify: modifierOf<Connack>({
    reasonCode(packet, given, connection) {
      const isCode = typeof given === 'number' && isReasonCodeOf(PacketType.CONNACK, given)
      expectValue(isCode, 'reasonCode', given, 'a reason code of CONNACK')
      const isSameKind = given >= FIRST_ERROR === packet.reasonCode > 0
      expectValue(isSameKind, 'reasonCode', given, 'a success or an error, as it was')
      const returnCode = toReturnCode(given)
      return { ...packet, reasonCode: connection.isVersion5 ? given : (returnCode ?? packet.reasonCode) }
    },
    reasonString(packet, given, connection) {
      expectValue(packet.reasonCode > 0, 'reasonString', given, 'none: it is for refusals')
      return takeReasonString(packet, given, connection)
    },
    sessionPresent(packet, given) {
      const sessionPresent = toBoolean('sessionPresent', given)
      expectValue(!sessionPresent || packet.reasonCode === 0, 'sessionPresent', given, 'false in a refusal')
      return { ...packet, sessionPresent }
    },
    assignedClientIdentifier: takeText<Connack>('assignedClientIdentifier'),
    responseInformation(packet, given, connection, changes) {
      const { isResponseInformationWanted } = connection
      expectValue(isResponseInformationWanted, 'responseInformation', given, 'none: the client did not ask')
      return takeText<Connack>('responseInformation')(packet, given, connection, changes)
    },
    serverReference: takeText<Connack>('serverReference'),
    userProperties: takeUserProperties,
  }),
}
