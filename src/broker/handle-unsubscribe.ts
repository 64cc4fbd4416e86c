// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../codec/fault.ts'
import { PacketType } from '../codec/packet-type.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { decodeUnsubscribe } from '../codec/unsubscribe.ts'
import { parseTopicFilter } from '../topic/topic-filter.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import { unsubscribe } from './subscription-changes.ts'
import { whenDurable } from './when-durable.ts'

/**
 * Ends subscriptions: no message is added for them after this [MQTT-3.10.4-2] [MQTT4-3.10.4-2], what was queued before is
 * still delivered [MQTT-3.10.4-3] [MQTT4-3.10.4-3].
 */
export function handleUnsubscribe(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
): Fault | null {
  const { broker } = connection
  const packet = decodeUnsubscribe(firstByte & 0x0f, buffer, start, end, connection.version, broker.limits)
  if (packet instanceof Fault) return packet
  const { packetId, topicFilters } = packet
  if (topicFilters.includes('')) return CloseReasons.TOPIC_FILTER_INVALID // [MQTT-4.7.3-1] [MQTT4-4.7.3-1]
  // One code per filter and in order [MQTT-3.11.3-1] [MQTT-3.10.4-6] [MQTT4-3.10.4-6].
  const reasonCodes = topicFilters.map((topicFilter) => unsubscribeOne(connection, topicFilter))
  whenDurable(connection, connection.session!.isStored, () => {
    // Also when nothing matched [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT4-3.10.4-4] [MQTT4-3.10.4-5], and without properties
    // [MQTT-3.11.2-1] [MQTT-3.11.2-2].
    const isSent = connection.send({ type: PacketType.UNSUBACK, packetId, reasonCodes }) // [MQTT-2.2.1-6] [MQTT4-2.3.1-7]
    if (!isSent) connection.closeQuietly(CloseReasons.ANSWER_TOO_LARGE)
  })
  return null
}

/** Returns a code of UNSUBACK [MQTT-3.11.3-2]. */
function unsubscribeOne(connection: Connection, topicFilter: string): number {
  if (unsubscribe(connection.broker, connection.session!, topicFilter)) return ReasonCode.SUCCESS
  const isValid = parseTopicFilter(topicFilter) !== null
  return isValid ? ReasonCode.NO_SUBSCRIPTION_EXISTED : ReasonCode.TOPIC_FILTER_INVALID
}
