// SPDX-License-Identifier: Apache-2.0
import type { Auth } from '../codec/auth.ts'
import type { Connect, Will } from '../codec/connect.ts'
import type { Properties } from '../codec/property.ts'
import type { Publish } from '../codec/publish.ts'
import type { AuthPacket, ConnectPacket, PublishPacket, WillPacket } from '../extension-sdk/packets.ts'
import { mqttVersionOf } from './client-event.ts'

/** `clientId` is the one that was assigned, where the client sent none. */
export function toConnectPacket(connect: Connect, clientId: string): ConnectPacket {
  const { properties, will } = connect
  return {
    mqttVersion: mqttVersionOf(connect.protocolVersion),
    clientId,
    cleanStart: connect.cleanStart,
    keepAliveSec: connect.keepAliveSec,
    userName: connect.userName,
    password: connect.password,
    will: will === undefined ? undefined : toWillPacket(will),
    sessionExpiryInterval: properties.sessionExpiryInterval,
    receiveMaximum: properties.receiveMaximum,
    maximumPacketSize: properties.maximumPacketSize,
    topicAliasMaximum: properties.topicAliasMaximum,
    requestResponseInformation: properties.requestResponseInformation === 1,
    requestProblemInformation: properties.requestProblemInformation !== 0,
    authenticationMethod: properties.authenticationMethod,
    authenticationData: properties.authenticationData,
    userProperties: properties.userProperties ?? [],
  }
}

export function toAuthPacket({ reasonCode, properties }: Auth): AuthPacket {
  return {
    reasonCode,
    // The broker has compared it with that of CONNECT.
    authenticationMethod: properties.authenticationMethod!,
    authenticationData: properties.authenticationData,
    reasonString: properties.reasonString,
    userProperties: properties.userProperties ?? [],
  }
}

export function toPublishPacket(publish: Publish): PublishPacket {
  return {
    topicName: publish.topicName,
    payload: publish.payload,
    qos: publish.qos,
    retain: publish.retain,
    dup: publish.dup,
    packetId: publish.packetId ?? 0,
    ...messageProperties(publish.properties ?? {}),
  }
}

export function toWillPacket(will: Will): WillPacket {
  return {
    topicName: will.topicName,
    // The broker's own copy is published later, whatever extensions do to this one.
    payload: Uint8Array.from(will.payload),
    qos: will.qos,
    retain: will.retain,
    dup: false,
    packetId: 0,
    ...messageProperties(will.properties),
    willDelayInterval: will.properties.willDelayInterval ?? 0,
  }
}

type MessageProperties = Pick<
  PublishPacket,
  | 'payloadFormatIndicator'
  | 'messageExpiryInterval'
  | 'responseTopic'
  | 'correlationData'
  | 'contentType'
  | 'userProperties'
>

export function messageProperties(properties: Properties): MessageProperties {
  const { payloadFormatIndicator } = properties
  return {
    payloadFormatIndicator:
      payloadFormatIndicator === undefined ? undefined : payloadFormatIndicator === 1 ? 'utf-8' : 'unspecified',
    messageExpiryInterval: properties.messageExpiryInterval,
    responseTopic: properties.responseTopic,
    correlationData: properties.correlationData,
    contentType: properties.contentType,
    userProperties: properties.userProperties ?? [],
  }
}
