// SPDX-License-Identifier: Apache-2.0
import type { ReasonCode } from '../codec/reason-code.ts'
import type { Awaitable, CallbackOptions, ClientEvent } from './callback.ts'
import type {
  AckPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  OutboundPublishPacket,
  PublishPacket,
  SubackPacket,
  SubscribePacket,
  UnsubackPacket,
  UnsubscribePacket,
  WillPacket,
} from './packets.ts'

/** A packet on its way, as the interceptors before this one have left it. */
export interface InterceptionEvent<Packet> extends ClientEvent {
  readonly packet: Packet
}

/** The packet goes on with these fields; those that are not named stay. `undefined` takes a field away. */
export interface Modification<Fields> {
  readonly outcome: 'modify'
  readonly changes: Partial<Fields>
}

/** The packet goes no further, and no later interceptor is asked. */
export interface Prevention {
  readonly outcome: 'prevent'
}

/** A message of a client that is thrown away and counted as prevented. */
export interface PublishPrevention extends Prevention {
  /**
   * What PUBACK or PUBREC say: SUCCESS unless set. An MQTT 3 client, whose acknowledgements have no codes, is acknowledged if
   * it is a success, and else disconnected.
   */
  readonly reasonCode?: ReasonCode
  readonly reasonString?: string
}

/** Undefined: the packet goes on as it is. */
type Interceptor<Packet, Fields, Other = never> = (
  event: InterceptionEvent<Packet>,
) => Awaitable<Modification<Fields> | Other | undefined | void>

type Words<Packet extends { reasonString: unknown; userProperties: unknown }> = Pick<
  Packet,
  'reasonString' | 'userProperties'
>

/** What of a CONNECT can be changed. A will can be taken away, replaced, or put where there was none. */
export type ConnectChanges = Omit<ConnectPacket, 'mqttVersion' | 'will'> & {
  readonly will: Partial<WillPacket> | undefined
}

export type ConnackChanges = Pick<
  ConnackPacket,
  | 'reasonCode'
  | 'reasonString'
  | 'sessionPresent'
  | 'assignedClientIdentifier'
  | 'responseInformation'
  | 'serverReference'
  | 'userProperties'
>

/** Its QoS is that of its delivery: what is acknowledged to the publisher is what it has sent. */
export type PublishChanges = Omit<PublishPacket, 'dup' | 'packetId'>

export type OutboundPublishChanges = Omit<OutboundPublishPacket, 'dup' | 'packetId' | 'qos'>

/**
 * Interceptors of all clients.
 *
 * Where an interceptor throws, takes too long or returns what cannot be: a CONNECT is refused with UNSPECIFIED_ERROR, and
 * instead of a CONNACK the connection is closed. With `onTimeout: 'next'` one that takes too long is passed over.
 */
export interface GlobalInterceptors {
  /** Before anybody is asked about the client. */
  connectInbound?: Interceptor<ConnectPacket, ConnectChanges>
  /** Also of a refusal. A reason code stays a success or an error. */
  connackOutbound?: Interceptor<ConnackPacket, ConnackChanges>
}

/**
 * Interceptors of one client.
 *
 * Where one throws, takes too long or returns what cannot be: a PUBLISH is prevented, all filters of SUBSCRIBE and UNSUBSCRIBE
 * are answered with UNSPECIFIED_ERROR (with `onTimeout: 'next'` one that takes too long is passed over); any other packet goes
 * on as the interceptor got it.
 */
export interface ClientInterceptors {
  /** Before authorizers are asked. */
  publishInbound?: Interceptor<PublishPacket, PublishChanges, PublishPrevention>
  /** When it is sent, also again. One that is prevented counts as dropped and is not sent later. */
  publishOutbound?: Interceptor<OutboundPublishPacket, OutboundPublishChanges, Prevention>
  /** Before authorizers are asked. The number of subscriptions stays. */
  subscribeInbound?: Interceptor<SubscribePacket, Pick<SubscribePacket, 'subscriptions' | 'userProperties'>>
  /** The number of codes stays, and an error stays an error. */
  subackOutbound?: Interceptor<SubackPacket, Pick<SubackPacket, 'reasonCodes'> & Words<SubackPacket>>
  unsubscribeInbound?: Interceptor<UnsubscribePacket, Pick<UnsubscribePacket, 'topicFilters' | 'userProperties'>>
  unsubackOutbound?: Interceptor<UnsubackPacket, Pick<UnsubackPacket, 'reasonCodes'> & Words<UnsubackPacket>>
  /** Codes of PUBACK and PUBREC stay successes or errors. */
  pubackInbound?: Interceptor<AckPacket, Omit<AckPacket, 'packetId'>>
  pubackOutbound?: Interceptor<AckPacket, Omit<AckPacket, 'packetId'>>
  pubrecInbound?: Interceptor<AckPacket, Omit<AckPacket, 'packetId'>>
  pubrecOutbound?: Interceptor<AckPacket, Omit<AckPacket, 'packetId'>>
  pubrelInbound?: Interceptor<AckPacket, Words<AckPacket>>
  pubrelOutbound?: Interceptor<AckPacket, Words<AckPacket>>
  pubcompInbound?: Interceptor<AckPacket, Words<AckPacket>>
  pubcompOutbound?: Interceptor<AckPacket, Words<AckPacket>>
  disconnectInbound?: Interceptor<DisconnectPacket, Omit<DisconnectPacket, 'serverReference'>>
  /** Only of one that is sent, which MQTT 3 clients get none of. The connection is not held open for long: two seconds. */
  disconnectOutbound?: Interceptor<DisconnectPacket, Omit<DisconnectPacket, 'sessionExpiryInterval'>>
  pingReqInbound?(event: ClientEvent): Awaitable<void>
  pingRespOutbound?(event: ClientEvent): Awaitable<void>
}

/**
 * Interceptors of several extensions are asked by priority, highest first, ties by id. While one thinks about a packet the later
 * packets of its client wait, in this direction, so that they stay in order; those of other clients do not.
 */
export interface InterceptorRegistry {
  /** Each extension has one set; setting it again replaces it. Those of single clients come from a client initialiser. */
  setGlobal(interceptors: GlobalInterceptors, options?: CallbackOptions): void
}
