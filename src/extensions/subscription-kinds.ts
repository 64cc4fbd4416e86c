// SPDX-License-Identifier: Apache-2.0
import type { Connection } from '../broker/connection.ts'
import { checkRequest } from '../broker/subscription-changes.ts'
import { Fault } from '../codec/fault.ts'
import { PacketType } from '../codec/packet-type.ts'
import { FIRST_ERROR, isReasonCodeOf, type ReasonCode } from '../codec/reason-code.ts'
import type { SubscriptionAck } from '../codec/suback.ts'
import type { RetainHandling, Subscribe, SubscriptionRequest } from '../codec/subscribe.ts'
import type { Unsubscribe } from '../codec/unsubscribe.ts'
import { InvalidTopicError } from '../extension-sdk/errors.ts'
import type { SubackPacket, SubscribePacket, UnsubscribePacket } from '../extension-sdk/packets.ts'
import { expectValue, toBoolean, toInteger, toQoS, toText } from './given-values.ts'
import { limitsOf, modifierOf, type PacketKind, takeReasonString, takeUserProperties } from './packet-kind.ts'

/** As many as there were: the client counts what it is answered. */
function toSameLength(field: string, given: unknown, before: readonly unknown[]): unknown[] {
  const isSame = Array.isArray(given) && given.length === before.length
  expectValue(isSame, field, given, `an array of ${before.length}`)
  return given
}

function toRequest(given: unknown, connection: Connection): SubscriptionRequest {
  expectValue(typeof given === 'object' && given !== null, 'subscriptions', given, 'an object')
  const wish = given as Partial<Record<keyof SubscriptionRequest, unknown>>
  const request: SubscriptionRequest = {
    topicFilter: toText('topicFilter', wish.topicFilter, limitsOf(connection)),
    qos: toQoS(wish.qos),
    noLocal: toBoolean('noLocal', wish.noLocal ?? false),
    retainAsPublished: toBoolean('retainAsPublished', wish.retainAsPublished ?? false),
    retainHandling: toInteger('retainHandling', wish.retainHandling ?? 0, 0, 2) as RetainHandling,
  }
  const parsed = checkRequest(connection.broker.settings, request)
  if (parsed instanceof Fault) throw new InvalidTopicError(request.topicFilter, parsed.text)
  return request
}

export const subscribeInbound: PacketKind<Subscribe> = {
  name: 'subscribeInbound',
  type: PacketType.SUBSCRIBE,
  isStoppedByFailure: true,
  isPreventable: false,
  toView: ({ packetId, subscriptions, properties }): SubscribePacket => ({
    packetId,
    subscriptions,
    subscriptionIdentifier: properties?.subscriptionIdentifiers?.[0],
    userProperties: properties?.userProperties ?? [],
  }),
  modify: modifierOf<Subscribe>({
    subscriptions: (packet, given, connection) => ({
      ...packet,
      subscriptions: toSameLength('subscriptions', given, packet.subscriptions).map((subscription) =>
        toRequest(subscription, connection),
      ),
    }),
    userProperties: takeUserProperties,
  }),
}

export const unsubscribeInbound: PacketKind<Unsubscribe> = {
  name: 'unsubscribeInbound',
  type: PacketType.UNSUBSCRIBE,
  isStoppedByFailure: true,
  isPreventable: false,
  toView: ({ packetId, topicFilters, properties }): UnsubscribePacket => ({
    packetId,
    topicFilters,
    userProperties: properties?.userProperties ?? [],
  }),
  modify: modifierOf<Unsubscribe>({
    topicFilters: (packet, given, connection) => ({
      ...packet,
      topicFilters: toSameLength('topicFilters', given, packet.topicFilters).map((topicFilter) => {
        const text = toText('topicFilters', topicFilter, limitsOf(connection))
        if (text === '') throw new InvalidTopicError(text, 'a topic filter is not empty')
        return text
      }),
    }),
    userProperties: takeUserProperties,
  }),
}

function toAckView({ packetId, reasonCodes, properties }: SubscriptionAck): SubackPacket {
  return {
    packetId,
    reasonCodes: reasonCodes as readonly ReasonCode[],
    reasonString: properties?.reasonString,
    userProperties: properties?.userProperties ?? [],
  }
}

const modifyAck = modifierOf<SubscriptionAck>({
  reasonCodes: (packet, given) => ({
    ...packet,
    reasonCodes: toSameLength('reasonCodes', given, packet.reasonCodes).map((code, index) => {
      const isCode = typeof code === 'number' && isReasonCodeOf(packet.type, code)
      expectValue(isCode, 'reasonCodes', code, 'a reason code of this packet')
      const mayBe = code >= FIRST_ERROR || packet.reasonCodes[index]! < FIRST_ERROR
      expectValue(mayBe, 'reasonCodes', code, 'an error, as it was one')
      return code
    }),
  }),
  reasonString: takeReasonString,
  userProperties: takeUserProperties,
})

const ack = { isStoppedByFailure: false, isPreventable: false, toView: toAckView, modify: modifyAck } as const

export const subackOutbound: PacketKind<SubscriptionAck> = { name: 'subackOutbound', type: PacketType.SUBACK, ...ack }

export const unsubackOutbound: PacketKind<SubscriptionAck> = {
  name: 'unsubackOutbound',
  type: PacketType.UNSUBACK,
  ...ack,
}
