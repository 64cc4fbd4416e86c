// SPDX-License-Identifier: Apache-2.0
import { PacketType } from '../codec/packet-type.ts'
import { DropReason, HIVEMQ_DROP_REASONS } from '../metrics/drop-reason.ts'
import type { MetricRegistry } from '../metrics/metric-registry.ts'
import type { Broker } from './broker.ts'
import { CloseReasons } from './close-reason.ts'

type Read = (broker: Broker) => number
type Kind = 'counted' | 'gauge' | 'metered'

const received =
  (type: PacketType): Read =>
  ({ metrics }) =>
    metrics.packetsReceived[type]!
const sent =
  (type: PacketType): Read =>
  ({ metrics }) =>
    metrics.packetsSent[type]!
const allReceived: Read = ({ metrics }) => sum(metrics.packetsReceived)
const allSent: Read = ({ metrics }) => sum(metrics.packetsSent)
const dropped =
  (...reasons: readonly DropReason[]): Read =>
  ({ metrics }) =>
    sum(reasons.map((reason) => metrics.dropped[reason]))
const ended =
  (...reasons: readonly { readonly name: string }[]): Read =>
  ({ metrics }) =>
    sum(reasons.map(({ name }) => metrics.endedBy.get(name) ?? 0))
const graceful = ended(CloseReasons.CLIENT_DISCONNECTED, CloseReasons.CLIENT_DISCONNECTED_WITH_WILL)

/** All that HiveMQ CE has, in every mode. What HiveMQ counts up and down is a counter with it, so it is one here. */
const COMMUNITY: readonly (readonly [name: string, kind: Kind, read: Read])[] = [
  ['com.hivemq.messages.incoming.total.count', 'counted', allReceived],
  ['com.hivemq.messages.outgoing.total.count', 'counted', allSent],
  ['com.hivemq.messages.incoming.connect.count', 'counted', received(PacketType.CONNECT)],
  ['com.hivemq.messages.incoming.publish.count', 'counted', received(PacketType.PUBLISH)],
  ['com.hivemq.messages.outgoing.publish.count', 'counted', sent(PacketType.PUBLISH)],
  ['com.hivemq.messages.dropped.count', 'counted', dropped(...HIVEMQ_DROP_REASONS)],
  ['com.hivemq.messages.retained.current', 'gauge', ({ retained }) => retained.size],
  ['com.hivemq.networking.bytes.read.total', 'gauge', ({ metrics }) => metrics.bytesReceived],
  ['com.hivemq.networking.bytes.write.total', 'gauge', ({ metrics }) => metrics.bytesSent],
  ['com.hivemq.networking.connections.current', 'gauge', ({ connections }) => connections.size],
  ['com.hivemq.networking.connections-closed.total.count', 'counted', ({ metrics }) => metrics.connectionsClosed],
  ['com.hivemq.subscriptions.overall.current', 'counted', ({ metrics }) => metrics.subscriptions],
  ['com.hivemq.sessions.overall.current', 'gauge', ({ sessions }) => sessions.size],
  ['com.hivemq.mqtt.connection.not-writable.current', 'counted', countNotWritable],
  ['com.hivemq.messages.will.count.current', 'counted', ({ metrics }) => metrics.wills],
  ['com.hivemq.messages.will.published.count.total', 'counted', ({ metrics }) => metrics.willsPublished],
]

/** Names of HiveMQ Enterprise that public dashboards ask for, as far as there is something true to say. */
const ENTERPRISE: readonly (readonly [name: string, kind: Kind, read: Read])[] = [
  ['com.hivemq.cluster.nodes.count', 'gauge', () => 1],
  ['com.hivemq.messages.incoming.auth.count', 'counted', received(PacketType.AUTH)],
  ['com.hivemq.messages.incoming.connect.mqtt3.count', 'counted', connectsOfMqtt3],
  ['com.hivemq.messages.incoming.connect.mqtt5.count', 'counted', ({ metrics }) => metrics.connectsOfVersion5],
  ['com.hivemq.messages.incoming.disconnect.count', 'counted', received(PacketType.DISCONNECT)],
  ['com.hivemq.messages.incoming.pingreq.count', 'counted', received(PacketType.PINGREQ)],
  ['com.hivemq.messages.incoming.puback.count', 'counted', received(PacketType.PUBACK)],
  ['com.hivemq.messages.incoming.pubcomp.count', 'counted', received(PacketType.PUBCOMP)],
  ['com.hivemq.messages.incoming.pubrec.count', 'counted', received(PacketType.PUBREC)],
  ['com.hivemq.messages.incoming.pubrel.count', 'counted', received(PacketType.PUBREL)],
  ['com.hivemq.messages.incoming.subscribe.count', 'counted', received(PacketType.SUBSCRIBE)],
  ['com.hivemq.messages.incoming.unsubscribe.count', 'counted', received(PacketType.UNSUBSCRIBE)],
  ['com.hivemq.messages.outgoing.auth.count', 'counted', sent(PacketType.AUTH)],
  ['com.hivemq.messages.outgoing.connack.count', 'counted', sent(PacketType.CONNACK)],
  ['com.hivemq.messages.outgoing.disconnect.count', 'counted', sent(PacketType.DISCONNECT)],
  ['com.hivemq.messages.outgoing.pingresp.count', 'counted', sent(PacketType.PINGRESP)],
  ['com.hivemq.messages.outgoing.puback.count', 'counted', sent(PacketType.PUBACK)],
  ['com.hivemq.messages.outgoing.pubcomp.count', 'counted', sent(PacketType.PUBCOMP)],
  ['com.hivemq.messages.outgoing.pubrec.count', 'counted', sent(PacketType.PUBREC)],
  ['com.hivemq.messages.outgoing.pubrel.count', 'counted', sent(PacketType.PUBREL)],
  ['com.hivemq.messages.outgoing.suback.count', 'counted', sent(PacketType.SUBACK)],
  ['com.hivemq.messages.outgoing.unsuback.count', 'counted', sent(PacketType.UNSUBACK)],
  ['com.hivemq.messages.incoming.total.rate', 'metered', allReceived],
  ['com.hivemq.messages.incoming.publish.rate', 'metered', received(PacketType.PUBLISH)],
  ['com.hivemq.messages.incoming.subscribe.rate', 'metered', received(PacketType.SUBSCRIBE)],
  ['com.hivemq.messages.outgoing.total.rate', 'metered', allSent],
  ['com.hivemq.messages.outgoing.publish.rate', 'metered', sent(PacketType.PUBLISH)],
  ['com.hivemq.messages.dropped.rate', 'metered', dropped(...HIVEMQ_DROP_REASONS)],
  [
    'com.hivemq.messages.dropped.queue-full.count',
    'counted',
    dropped(DropReason.QUEUE_FULL, DropReason.SHARED_QUEUE_FULL, DropReason.QUEUE_BUDGET),
  ],
  ['com.hivemq.messages.dropped.qos-0-memory-exceeded.count', 'counted', dropped(DropReason.QOS_0_MEMORY_EXCEEDED)],
  ['com.hivemq.messages.dropped.message-too-large.count', 'counted', dropped(DropReason.MAX_PACKET_SIZE_EXCEEDED)],
  ['com.hivemq.messages.dropped.internal-error.count', 'counted', dropped(DropReason.STORE_LOST)],
  // QoS 0 is dropped by the bytes that wait for a client, never because its socket is not writable at the moment.
  ['com.hivemq.messages.dropped.not-writable.count', 'counted', () => 0],
  ['com.hivemq.messages.queued.count', 'gauge', ({ metrics }) => metrics.queued],
  ['com.hivemq.messages.expired.messages', 'counted', dropped(DropReason.EXPIRED)],
  ['com.hivemq.publish.without-matching-subscribers', 'counted', ({ metrics }) => metrics.publicationsUnheard],
  ['com.hivemq.networking.connections-closed.graceful.count', 'counted', graceful],
  ['com.hivemq.networking.connections-closed.ungraceful.count', 'counted', ungraceful],
  ['com.hivemq.keep-alive.disconnect.count', 'counted', ended(CloseReasons.KEEP_ALIVE_TIMEOUT)],
  ['com.hivemq.sessions.persistent.active', 'gauge', ({ persistentConnections }) => persistentConnections],
  ['com.hivemq.overload-protection.level', 'gauge', () => 0],
  ['com.hivemq.overload-protection.clients.backpressure-active', 'gauge', countHeldBack],
]

/** What a kept thing takes beside the bytes of its own, measured with 100 000 of each, the memory store's part included; estimates, as HiveMQ's are. */
const RETAINED_OVERHEAD = 1_200
const SUBSCRIPTION_OVERHEAD = 750
const SESSION_OVERHEAD = 1_500
const QUEUED_OVERHEAD = 350

/** HiveMQ has these in its in-memory mode alone, and so have we. */
const IN_MEMORY: readonly (readonly [name: string, kind: Kind, read: Read])[] = [
  [
    'com.hivemq.persistence.retained-messages.in-memory.total-size',
    'gauge',
    ({ metrics, retained }) => metrics.retainedBytes + retained.size * RETAINED_OVERHEAD,
  ],
  [
    'com.hivemq.persistence.client-session.subscriptions.in-memory.total-size',
    'gauge',
    ({ metrics }) => metrics.subscriptionBytes + metrics.subscriptions * SUBSCRIPTION_OVERHEAD,
  ],
  [
    'com.hivemq.persistence.client-sessions.in-memory.total-size',
    'gauge',
    ({ metrics, sessions }) => metrics.clientIdBytes + sessions.size * SESSION_OVERHEAD,
  ],
  [
    'com.hivemq.persistence.queued-messages.in-memory.total-size',
    'gauge',
    ({ metrics }) => metrics.queuedBytes + metrics.queued * QUEUED_OVERHEAD,
  ],
]

/** Makes the broker's metrics known under HiveMQ's names. */
export function registerHivemqMetrics(registry: MetricRegistry, broker: Broker, isInMemory: boolean): void {
  for (const [name, kind, read] of [...COMMUNITY, ...ENTERPRISE, ...(isInMemory ? IN_MEMORY : [])]) {
    registry[kind](name, () => read(broker))
  }
}

function connectsOfMqtt3({ metrics }: Broker): number {
  return metrics.packetsReceived[PacketType.CONNECT]! - metrics.connectsOfVersion5
}

function ungraceful(broker: Broker): number {
  return sum(broker.metrics.endedBy.values()) - graceful(broker)
}

/** Looked at, not counted: HiveMQ's count drifts upwards with connections that are closed while they are not writable. */
function countNotWritable({ connections }: Broker): number {
  let count = 0
  for (const { link } of connections) if (link.isCongested) count++
  return count
}

function countHeldBack({ connections }: Broker): number {
  let count = 0
  for (const connection of connections) if (connection.input.isHeldBack) count++
  return count
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
