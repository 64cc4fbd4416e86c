// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { UserProperty } from '../codec/property.ts'
import type { ReasonCode } from '../codec/reason-code.ts'
import type { RetainHandling } from '../codec/subscribe.ts'
import type { MqttVersion } from './callback.ts'

// What extensions see of packets. The fields are those of MQTT 5; for MQTT 3 clients those that it does not know are
// undefined or empty. All bytes are copies: they may be kept.

export interface ConnectPacket {
  readonly mqttVersion: MqttVersion
  /** The assigned one where the client sent none. */
  readonly clientId: string
  /** Clean Session before MQTT 5. */
  readonly cleanStart: boolean
  readonly keepAliveSec: number
  readonly userName: string | undefined
  /** Wiped when all authenticators have answered, unless the one that lets the client in says otherwise. */
  readonly password: Uint8Array | undefined
  readonly will: WillPacket | undefined
  readonly sessionExpiryInterval: number | undefined
  readonly receiveMaximum: number | undefined
  readonly maximumPacketSize: number | undefined
  readonly topicAliasMaximum: number | undefined
  /** What the client does not say is `false` and `true`. */
  readonly requestResponseInformation: boolean
  readonly requestProblemInformation: boolean
  readonly authenticationMethod: string | undefined
  readonly authenticationData: Uint8Array | undefined
  readonly userProperties: readonly UserProperty[]
}

export interface AuthPacket {
  readonly reasonCode: ReasonCode
  readonly authenticationMethod: string
  readonly authenticationData: Uint8Array | undefined
  readonly reasonString: string | undefined
  readonly userProperties: readonly UserProperty[]
}

export interface PublishPacket {
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** 0 at QoS 0, and for a will. */
  readonly packetId: number
  readonly payloadFormatIndicator: 'unspecified' | 'utf-8' | undefined
  readonly messageExpiryInterval: number | undefined
  readonly responseTopic: string | undefined
  readonly correlationData: Uint8Array | undefined
  readonly contentType: string | undefined
  readonly userProperties: readonly UserProperty[]
}

export interface WillPacket extends PublishPacket {
  readonly willDelayInterval: number
}

/** One topic filter of a SUBSCRIBE. */
export interface Subscription {
  /** As the client wrote it: `$share/<group>/…` where it is shared. */
  readonly topicFilter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
}

/** As it is sent to one subscriber. */
export interface OutboundPublishPacket extends PublishPacket {
  readonly subscriptionIdentifiers: readonly number[]
}

export interface ConnackPacket {
  /** For MQTT 3 clients the one that comes closest to the return code. */
  readonly reasonCode: ReasonCode
  readonly sessionPresent: boolean
  readonly reasonString: string | undefined
  readonly sessionExpiryInterval: number | undefined
  readonly serverKeepAlive: number | undefined
  readonly assignedClientIdentifier: string | undefined
  readonly receiveMaximum: number | undefined
  readonly maximumPacketSize: number | undefined
  readonly topicAliasMaximum: number | undefined
  readonly maximumQoS: QoS | undefined
  readonly isRetainAvailable: boolean
  readonly areWildcardSubscriptionsAvailable: boolean
  readonly areSubscriptionIdentifiersAvailable: boolean
  readonly areSharedSubscriptionsAvailable: boolean
  readonly responseInformation: string | undefined
  readonly serverReference: string | undefined
  readonly authenticationMethod: string | undefined
  readonly authenticationData: Uint8Array | undefined
  readonly userProperties: readonly UserProperty[]
}

export interface SubscribePacket {
  readonly packetId: number
  readonly subscriptions: readonly Subscription[]
  readonly subscriptionIdentifier: number | undefined
  readonly userProperties: readonly UserProperty[]
}

export interface UnsubscribePacket {
  readonly packetId: number
  readonly topicFilters: readonly string[]
  readonly userProperties: readonly UserProperty[]
}

/** One code for each filter, in their order. */
export interface SubackPacket {
  readonly packetId: number
  readonly reasonCodes: readonly ReasonCode[]
  readonly reasonString: string | undefined
  readonly userProperties: readonly UserProperty[]
}

/** MQTT 3 has no codes here. */
export type UnsubackPacket = SubackPacket

/** PUBACK, PUBREC, PUBREL or PUBCOMP. */
export interface AckPacket {
  readonly packetId: number
  readonly reasonCode: ReasonCode
  readonly reasonString: string | undefined
  readonly userProperties: readonly UserProperty[]
}

export interface DisconnectPacket {
  readonly reasonCode: ReasonCode
  readonly reasonString: string | undefined
  readonly sessionExpiryInterval: number | undefined
  readonly serverReference: string | undefined
  readonly userProperties: readonly UserProperty[]
}
