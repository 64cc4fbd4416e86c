// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from 'node:buffer'
import { Fault } from '../codec/fault.ts'
import { PacketType, type QoS } from '../codec/packet-type.ts'
import { decodePublish, type PublishView } from '../codec/publish.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { checkUtf8 } from '../codec/utf8.ts'
import { hasWildcardBytes } from '../topic/topic-name.ts'
import { acknowledge } from './acknowledge.ts'
import { awaitAnswer } from './await-answer.ts'
import { type CloseReason, CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import type { ClientHooks, PublishVerdict } from './extension-hooks.ts'
import { Shedding } from './memory-guard.ts'
import type { Topic } from './subscriptions.ts'
import { whenDurable } from './when-durable.ts'

const DOLLAR = 0x24
/** HiveMQ's TOPIC_ALIAS_GLOBAL_MEMORY_HARD_LIMIT_BYTES: what the aliases of all clients may take. */
const MAX_ALIAS_BYTES = 200 * 1024 * 1024

/** A message from a client. The hot path: nothing here allocates, awaits or throws, unless the message must be kept. */
export function handlePublish(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  bodyStart: number,
  end: number,
  onwardQoS: QoS | null,
): Fault | null {
  const { broker, extensions } = connection
  const { view } = broker
  const session = connection.session!
  const fault = view.read(firstByte, buffer, start, bodyStart, end, connection.version, broker.limits)
  if (fault !== null) return fault
  const topic = resolveTopic(connection, view)
  if (topic instanceof Fault) return topic
  const refusal = checkAllowed(connection, view)
  if (refusal !== null) return refusal
  // A repeat while the first one waits for the store: one answer serves both (HiveMQ). After it the identifier stands for a
  // new message [MQTT-4.3.2-5].
  if (view.dup && view.qos === 1 && connection.waitingPubacks?.has(view.packetId) === true) return null
  if (view.qos > 0) {
    // The identifier alone says that it is the same message [MQTT-4.3.3-10] [MQTT4-4.3.3-2]: the first one counts.
    const lastSeenOn = view.qos === 2 ? session.incomingQoS2?.get(view.packetId) : undefined
    if (lastSeenOn !== connection) {
      if (connection.isVersion5 && connection.openPublishes >= broker.settings.serverReceiveMaximum) {
        return CloseReasons.RECEIVE_MAXIMUM_EXCEEDED // [MQTT-3.3.4-7]
      }
      // A repeat of what an earlier connection sent counts on this one from now on.
      if (lastSeenOn !== undefined) takeUp(connection, view.packetId)
    }
    if (lastSeenOn !== undefined) {
      acknowledge(connection, false, PacketType.PUBREC, view.packetId, ReasonCode.SUCCESS)
      return null
    }
  }
  if (extensions !== null && extensions.examinesPublish) {
    return examine(
      connection,
      extensions,
      topic,
      firstByte,
      Buffer.from(buffer.subarray(start, end)),
      bodyStart - start,
      onwardQoS,
    )
  }
  if (!connection.authorizer.mayPublish(connection, topic.name, onwardQoS ?? view.qos, view.retain)) {
    return refuse(connection, view, CloseReasons.PUBLISH_NOT_AUTHORIZED)
  }
  return take(connection, topic, onwardQoS)
}

/** Extensions look at the packet first. They may take their time, so it goes on from a copy. */
function examine(
  connection: Connection,
  extensions: ClientHooks,
  topic: Topic,
  firstByte: number,
  frame: Buffer,
  bodyStart: number,
  onwardQoS: QoS | null,
): Fault | null {
  const { view, limits, subscriptions } = connection.broker
  const decoded = decodePublish(firstByte & 0x0f, frame, bodyStart, frame.length, connection.version, limits)
  if (decoded instanceof Fault) return decoded
  // An alias may have stood for it.
  const publish = { ...decoded, topicName: topic.name, qos: onwardQoS ?? decoded.qos }
  return awaitAnswer(
    connection,
    (answer: (verdict: PublishVerdict) => void) => extensions.authorizePublish(publish, answer),
    (verdict) => {
      if (verdict !== null && !verdict.isAcknowledged) return verdict.refusal
      view.read(firstByte, frame, 0, bodyStart, frame.length, connection.version, limits)
      const fault =
        verdict === null
          ? take(connection, subscriptions.topics.current(topic), onwardQoS)
          : refuse(connection, view, verdict.refusal)
      view.release()
      return fault
    },
  )
}

/** The packet in the broker's view is a message now. */
function take(connection: Connection, topic: Topic, onwardQoS: QoS | null): Fault | null {
  const { broker } = connection
  const { view, publication } = broker
  const session = connection.session!
  if (broker.memory.level >= Shedding.DROP_QOS_0) {
    if (view.qos === 0) {
      broker.metrics.qos0DroppedForMemory++
      return null
    }
    if (broker.memory.level >= Shedding.REFUSE_PUBLISHES) {
      broker.metrics.publishesRefusedForMemory++
      return refuseForNow(connection, view, CloseReasons.MEMORY_SHORT)
    }
  }
  if (view.qos > 0 && broker.store.isFull && mustBeStored(connection, view, topic)) {
    broker.metrics.refusedForLackOfRoom++
    return refuseForNow(connection, view, CloseReasons.STORE_FULL)
  }
  const appendedBefore = broker.store.appended
  publication.setView(view, topic.name, topic.bytes, broker.maxMessageExpiry, connection.receivedAt)
  if (onwardQoS !== null) publication.changeQoS(onwardQoS)
  const recipients = broker.route(publication, topic, session)
  // A publisher that is faster than the disk is read no further until the disk has caught up.
  if (broker.store.isBehind) whenDurable(connection, true, () => undefined)
  if (view.qos === 0) return null // [MQTT-3.3.4-1] [MQTT4-3.3.4-1]
  const isUnheard = recipients === 0 && connection.isVersion5
  const reason = isUnheard ? ReasonCode.NO_MATCHING_SUBSCRIBERS : ReasonCode.SUCCESS
  if (view.qos === 1) {
    const isStored = broker.store.appended !== appendedBefore
    acknowledge(connection, isStored, PacketType.PUBACK, view.packetId, reason) // [MQTT-4.3.2-4] [MQTT4-4.3.2-2]
    return null
  }
  noteReceived(connection, view.packetId)
  const isStored = broker.store.appended !== appendedBefore
  acknowledge(connection, isStored, PacketType.PUBREC, view.packetId, reason) // [MQTT-4.3.3-8] [MQTT4-4.3.3-2]
  return null
}

/** A QoS 2 message is there, whatever becomes of it. True if that has to be stored. */
export function noteReceived(connection: Connection, packetId: number): boolean {
  const { clientId, isStored } = connection.session!
  takeUp(connection, packetId)
  if (isStored) connection.broker.store.append({ type: 'incoming-qos2-received', clientId, packetId })
  return isStored
}

/** Notes a QoS 2 message that is open on this connection. */
function takeUp(connection: Connection, packetId: number): void {
  const session = connection.session!
  session.incomingQoS2 ??= new Map()
  session.incomingQoS2.set(packetId, connection)
  connection.openPublishes++
}

/** The topic that the packet names, by its bytes or by an alias. */
export function resolveTopic(connection: Connection, view: PublishView): Topic | Fault {
  const { broker } = connection
  const { settings } = broker
  if (view.topicAlias === 0) {
    if (view.topicEnd === view.topicStart) return CloseReasons.TOPIC_EMPTY // [MQTT-4.7.3-1] [MQTT4-4.7.3-1]
    return findTopic(connection, view)
  }
  // [MQTT-3.2.2-17] [MQTT-3.2.2-18] [MQTT-3.3.2-9] [MQTT-3.3.2-12]
  const maximum = settings.topicAliasEnabled ? settings.topicAliasMaxPerClient : 0
  if (view.topicAlias > maximum) return CloseReasons.TOPIC_ALIAS_TOO_LARGE
  if (view.topicEnd === view.topicStart) {
    const topic = connection.aliases?.get(view.topicAlias)
    return topic === undefined ? CloseReasons.TOPIC_ALIAS_UNKNOWN : broker.subscriptions.topics.current(topic)
  }
  const topic = findTopic(connection, view)
  if (topic instanceof Fault) return topic
  connection.aliases ??= new Map()
  const growth = topic.bytes.length - (connection.aliases.get(view.topicAlias)?.bytes.length ?? 0)
  connection.aliasBytes += growth
  broker.aliasBytes += growth
  connection.aliases.set(view.topicAlias, topic)
  return broker.aliasBytes > MAX_ALIAS_BYTES ? CloseReasons.TOPIC_ALIAS_MEMORY : topic
}

/** A topic that is in the cache was checked when it came in. */
function findTopic(connection: Connection, view: PublishView): Topic | Fault {
  const { buffer, topicStart, topicEnd } = view
  // Before the cache: the broker itself publishes to such topics.
  if (buffer[topicStart] === DOLLAR) return CloseReasons.TOPIC_STARTS_WITH_DOLLAR // spec 4.7.2, HiveMQ
  const { topics } = connection.broker.subscriptions
  const hash = topics.hash(buffer, topicStart, topicEnd)
  return topics.find(hash, buffer, topicStart, topicEnd) ?? addTopic(connection, view, hash)
}

function addTopic(connection: Connection, view: PublishView, hash: number): Topic | Fault {
  const { broker } = connection
  const { buffer, topicStart, topicEnd } = view
  const fault = checkUtf8(buffer, topicStart, topicEnd, broker.limits.isUtf8Strict) // [MQTT-3.3.2-1] [MQTT4-3.3.2-1]
  if (fault !== null) return fault
  if (hasWildcardBytes(buffer, topicStart, topicEnd)) return CloseReasons.TOPIC_HAS_WILDCARD
  const maximum = broker.settings.maxTopicLength
  if (topicEnd - topicStart > maximum && buffer.toString('utf8', topicStart, topicEnd).length > maximum) {
    return CloseReasons.TOPIC_TOO_LONG
  }
  return broker.subscriptions.topics.add(hash, buffer, topicStart, topicEnd)
}

/** What the broker does not offer. */
function checkAllowed(connection: Connection, view: PublishView): Fault | null {
  const { settings } = connection.broker
  if (view.qos > settings.maxQos) return CloseReasons.QOS_NOT_SUPPORTED // [MQTT-3.2.2-11]
  if (view.retain && !settings.retainedMessagesEnabled) return CloseReasons.RETAIN_NOT_SUPPORTED // [MQTT-3.2.2-14]
  if (view.hasSubscriptionIdentifier) return CloseReasons.SUBSCRIPTION_IDENTIFIER_FROM_CLIENT // [MQTT-3.3.4-6]
  if (view.payloadFormatIndicator === 1 && settings.payloadFormatValidationEnabled) {
    if (!isUtf8(view.buffer.subarray(view.payloadStart, view.end))) return CloseReasons.PAYLOAD_NOT_UTF8
  }
  return null
}

/** Something of the message would have to outlive a crash. */
function mustBeStored(connection: Connection, view: PublishView, topic: Topic): boolean {
  if (view.retain || (view.qos === 2 && connection.session!.isStored)) return true
  return connection.broker.subscriptions.recipientsOf(topic).some(({ subscriber }) => subscriber.isStored)
}

/** The client may try again later: MQTT 5 has a code for it, before that only closing says that nothing was taken on. */
function refuseForNow(connection: Connection, view: PublishView, reason: CloseReason): Fault | null {
  if (!connection.isVersion5) return reason
  const type = view.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC
  acknowledge(connection, false, type, view.packetId, ReasonCode.QUOTA_EXCEEDED)
  return null
}

/**
 * Not permitted: MQTT 5 clients are told in the acknowledgement too, others are closed without one [MQTT4-3.3.5-2]. The
 * identifier is not taken up [MQTT-4.3.3-9].
 */
function refuse(connection: Connection, view: PublishView, refusal: Fault): Fault {
  if (connection.isVersion5 && view.qos > 0) {
    const type = view.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC
    const packet = { type, packetId: view.packetId, reasonCode: refusal.reasonCode }
    // [MQTT-3.1.2-29]
    if (connection.isProblemInformationWanted) {
      connection.sendWithReason(packet, refusal.text)
    } else connection.send(packet)
  }
  // Whatever code the acknowledgement has, DISCONNECT has this one (HiveMQ).
  return refusal.reasonCode === ReasonCode.NOT_AUTHORIZED ? refusal : CloseReasons.PUBLISH_NOT_AUTHORIZED
}
