// SPDX-License-Identifier: Apache-2.0
import { copyOf } from '../codec/packet-reader.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { Properties } from '../codec/property.ts'
import type { Publish } from '../codec/publish.ts'
import { InvalidTopicError } from '../extension-sdk/errors.ts'
import type { OutboundPublishPacket, PublishPacket } from '../extension-sdk/packets.ts'
import { isDollarTopic } from '../topic/topic-name.ts'
import {
  expectValue,
  type GivenProperties,
  toBoolean,
  toExpiryInterval,
  toInteger,
  toMessageProperties,
  toQoS,
  toTopicName,
} from './given-values.ts'
import { toPayload } from './outgoing-message.ts'
import { limitsOf, modifierOf, type PacketKind, type Take, withProperty } from './packet-kind.ts'
import { toPublishPacket } from './packet-views.ts'

const MAX_IDENTIFIER = 268_435_455

/** One property of the message, checked as those of all messages are. */
function takeMessageProperty(name: keyof GivenProperties): Take<Publish> {
  return (packet, given, connection, changes) => {
    // The payload may come in the same breath.
    const payload = 'payload' in changes ? toPayload(changes['payload']) : packet.payload
    const checked: Properties = toMessageProperties({ [name]: given }, payload, limitsOf(connection))
    return withProperty(packet, name, checked[name])
  }
}

const message: Readonly<Record<string, Take<Publish>>> = {
  topicName: (packet, given, connection) => ({ ...packet, topicName: toTopicName(given, limitsOf(connection)) }),
  payload(packet, given) {
    const payload = toPayload(given)
    return { ...packet, payload: copyOf(payload, 0, payload.length) }
  },
  retain(packet, given, { broker: { settings } }) {
    const retain = toBoolean('retain', given)
    expectValue(!retain || settings.retainedMessagesEnabled, 'retain', retain, 'false: they are switched off')
    return { ...packet, retain }
  },
  messageExpiryInterval: (packet, given) =>
    withProperty(packet, 'messageExpiryInterval', given === undefined ? undefined : toExpiryInterval(given)),
  payloadFormatIndicator: takeMessageProperty('payloadFormatIndicator'),
  responseTopic: takeMessageProperty('responseTopic'),
  correlationData: takeMessageProperty('correlationData'),
  contentType: takeMessageProperty('contentType'),
  userProperties: takeMessageProperty('userProperties'),
}

export const publishInbound: PacketKind<Publish> = {
  name: 'publishInbound',
  type: PacketType.PUBLISH,
  isStoppedByFailure: true,
  isPreventable: true,
  toView: (packet): PublishPacket => toPublishPacket(packet),
  modify: modifierOf<Publish>({
    ...message,
    topicName(packet, given, connection) {
      const topicName = toTopicName(given, limitsOf(connection))
      // What no client may publish to, no message of one is moved to. An extension publishes there itself.
      if (isDollarTopic(topicName))
        throw new InvalidTopicError(topicName, 'topics with $ are not for messages of clients')
      return { ...packet, topicName }
    },
    qos(packet, given, { broker: { settings } }) {
      const qos = toQoS(given)
      expectValue(qos <= settings.maxQos, 'qos', qos, `at most ${settings.maxQos}, as it is configured`)
      return { ...packet, qos }
    },
  }),
}

export const publishOutbound: PacketKind<Publish> = {
  name: 'publishOutbound',
  type: PacketType.PUBLISH,
  isStoppedByFailure: true,
  isPreventable: true,
  toView: (packet): OutboundPublishPacket => ({
    ...toPublishPacket(packet),
    subscriptionIdentifiers: packet.properties?.subscriptionIdentifiers ?? [],
  }),
  modify: modifierOf<Publish>({
    ...message,
    subscriptionIdentifiers(packet, given) {
      expectValue(given === undefined || Array.isArray(given), 'subscriptionIdentifiers', given, 'an array')
      const identifiers = (given ?? []).map((identifier: unknown) =>
        toInteger('subscriptionIdentifiers', identifier, 1, MAX_IDENTIFIER),
      )
      return withProperty(packet, 'subscriptionIdentifiers', identifiers.length === 0 ? undefined : identifiers)
    },
  }),
}
