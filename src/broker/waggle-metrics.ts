// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import type { LabelledMetric, LabelledValue } from '../metrics/metric-reading.ts'
import type { MetricRegistry } from '../metrics/metric-registry.ts'
import type { Broker } from './broker.ts'

type Labels = readonly (readonly [label: string, value: number])[]

/** What HiveMQ has no name for. `waggle_…` are Prometheus's own kinds with labels; those of HiveMQ's names never have any. */
export function registerWaggleMetrics(registry: MetricRegistry, broker: Broker): void {
  for (const metric of [
    ...connectionMetrics(broker),
    ...tlsMetrics(broker),
    ...memoryMetrics(broker),
    ...deliveryMetrics(broker),
    ...storeMetrics(broker),
  ]) {
    registry.labelled(metric)
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

function tlsMetrics({ metrics, clock }: Broker): LabelledMetric[] {
  return [
    {
      name: 'waggle_certificate_days_left',
      kind: 'gauge',
      help: 'Days until the certificate of a listener with TLS expires, and below 0 since it has',
      read: () =>
        labelled(
          'listener',
          [...metrics.certificateEnds].map(([listener, end]) => [listener, (end - clock.wallTime()) / DAY_MS]),
        ),
    },
    counter('waggle_tls_handshakes_failed_total', 'Connections that ended before TLS was established', () => {
      return metrics.failedTlsHandshakes
    }),
    counter(
      'waggle_websocket_requests_refused_total',
      'Connections whose HTTP request did not ask for the WebSocket',
      () => {
        return metrics.refusedWebSocketRequests
      },
    ),
    counter('waggle_proxy_headers_refused_total', 'Connections without an acceptable PROXY header', () => {
      return metrics.refusedProxyHeaders
    }),
  ]
}

function connectionMetrics(broker: Broker): LabelledMetric[] {
  const { metrics } = broker
  // A listener that had connections once stays, at 0: a line in a diagram should not break off.
  const byListener = new Map<string, number>()
  return [
    {
      name: 'waggle_connections',
      kind: 'gauge',
      help: 'Open network connections, before CONNECT too, by the listener that accepted them',
      read: () => {
        for (const listener of byListener.keys()) byListener.set(listener, 0)
        for (const { link } of broker.connections) {
          const { name } = link.peer.listener
          byListener.set(name, (byListener.get(name) ?? 0) + 1)
        }
        return labelled('listener', [...byListener])
      },
    },
    gauge('waggle_clients', 'Clients whose CONNECT was accepted and who are connected', () => metrics.connections),
    {
      name: 'waggle_connections_ended_total',
      kind: 'counter',
      help: 'Ends of connections by their reason',
      read: () => labelled('reason', [...metrics.endedBy]),
    },
    {
      name: 'waggle_throttled_total',
      kind: 'counter',
      help: 'How often reading was held back, or would have been with the mode count, by the limit that was reached',
      read: () =>
        labelled('limit', [
          ['bandwidth', metrics.throttledByBandwidth],
          ['listener', metrics.throttledListeners],
          ['client', metrics.throttledClients],
          ['extension', metrics.throttledExtensions],
        ]),
    },
    counter('waggle_connects_above_rate_total', 'CONNECT packets above the rate of their listener', () => {
      return metrics.connectsAboveRate
    }),
    counter('waggle_internal_errors_total', 'Faults of the broker itself, each logged with its stack', () => {
      return metrics.internalErrors
    }),
    counter('waggle_log_lines_dropped_total', 'Lines of the log that came faster than they could be written', () => {
      return metrics.logLinesDropped
    }),
    gauge('waggle_topic_alias_bytes', 'Bytes of the topic names behind the topic aliases of all clients', () => {
      return broker.aliasBytes
    }),
  ]
}

/** What is given up while memory is short; PUBLISH packets stand among those that were refused. */
function memoryMetrics({ metrics }: Broker): LabelledMetric[] {
  return [
    gauge('waggle_memory_level', 'What is given up for want of memory now, from 0 for nothing to 4', () => {
      return metrics.memoryLevel
    }),
    {
      name: 'waggle_memory_levels_entered_total',
      kind: 'counter',
      help: 'How often each level was reached',
      read: () =>
        labelled(
          'level',
          metrics.memoryStepsEntered.slice(1).map((count, index) => [String(index + 1), count]),
        ),
    },
    counter('waggle_memory_connects_refused_total', 'CONNECT packets that were refused for want of memory', () => {
      return metrics.connectsRefusedForMemory
    }),
    counter('waggle_memory_publishers_paused_total', 'How often a client was not read for want of memory', () => {
      return metrics.publishersPausedForMemory
    }),
  ]
}

/** The books: owed = delivered + queued + in flight + dropped, at any moment. */
function deliveryMetrics({ metrics }: Broker): LabelledMetric[] {
  return [
    counter('waggle_publications_total', 'Messages that were routed to subscribers, whoever published them', () => {
      return metrics.publications
    }),
    {
      name: 'waggle_deliveries_owed_total',
      kind: 'counter',
      help: 'Deliveries begun: one for each session or shared group that a message is for, by what made them',
      read: () =>
        labelled('source', [
          ['publication', metrics.owedByPublications],
          ['retained', metrics.owedByRetained],
          ['restart', metrics.owedByRestart],
        ]),
    },
    counter('waggle_deliveries_done_total', 'Deliveries sent with QoS 0, or acknowledged by the client', () => {
      return metrics.delivered
    }),
    {
      name: 'waggle_deliveries_dropped_total',
      kind: 'counter',
      help: 'Deliveries given up, by reason',
      read: () =>
        labelled(
          'reason',
          Object.entries(DropReason).map(([name, reason]) => [name, metrics.dropped[reason]]),
        ),
    },
    gauge('waggle_deliveries_queued', 'Deliveries that wait in queues of sessions and shared groups', () => {
      return metrics.queued
    }),
    gauge('waggle_deliveries_in_flight', 'Deliveries sent and not acknowledged completely', () => metrics.inFlight),
    gauge('waggle_deliveries_unaccounted', 'Deliveries missing in these books: anything but 0 is a fault', () => {
      return metrics.unaccounted
    }),
    {
      name: 'waggle_lost_copies_total',
      kind: 'counter',
      help: 'Copies of lost messages under $dead/, $expired/ and $dropped/, and those for which there was no room',
      read: () =>
        labelled('outcome', [
          ['published', metrics.lostCopiesPublished],
          ['dropped', metrics.lostCopiesDropped],
        ]),
    },
    counter('waggle_publishes_prevented_total', 'PUBLISH packets of clients that extensions have stopped', () => {
      return metrics.publishesPrevented
    }),
    {
      name: 'waggle_publishes_refused_total',
      kind: 'counter',
      help: 'PUBLISH packets that were not taken, by reason',
      read: () =>
        labelled('reason', [
          ['STORE_FULL', metrics.refusedForLackOfRoom],
          ['MEMORY', metrics.publishesRefusedForMemory],
          ['MEMORY_QOS_0', metrics.qos0DroppedForMemory],
        ]),
    },
  ]
}

function storeMetrics({ metrics, store }: Broker): LabelledMetric[] {
  return [
    {
      name: 'waggle_store_commit_seconds',
      kind: 'histogram',
      help: 'How long the transactions of the durable store take, with their sync',
      read: () => [{ value: metrics.storeCommits }],
    },
    {
      name: 'waggle_store_batch_changes',
      kind: 'histogram',
      help: 'How many changes go into one transaction of the durable store',
      read: () => [{ value: metrics.storeBatches }],
    },
    gauge('waggle_store_unsynced_acks', 'Acknowledgements that a power loss may break; 0 with `disk`', () => {
      return metrics.unsyncedAcknowledgements
    }),
    gauge('waggle_store_used_bytes', 'Bytes of the durable store that are in use', () => metrics.storeUsedBytes),
    gauge('waggle_store_full', '1 while nothing can be stored, so that what has to be is refused', () => {
      return Number(store.isFull)
    }),
    gauge('waggle_store_queued_bytes', 'Bytes of the durable store that messages in queues and in flight take', () => {
      return store.queuedBytes
    }),
    gauge('waggle_store_queues_over_budget', '1 while queues give up a message for each one that comes', () => {
      return Number(store.areQueuesOverBudget)
    }),
    gauge('waggle_store_behind', '1 while publishers wait because too much is still to be written', () => {
      return Number(store.isBehind)
    }),
    counter('waggle_store_records_total', 'Change records that were handed to the store', () => store.appended),
  ]
}

function gauge(name: string, help: string, read: () => number): LabelledMetric {
  return { name, kind: 'gauge', help, read: () => [{ value: read() }] }
}

function counter(name: string, help: string, read: () => number): LabelledMetric {
  return { name, kind: 'counter', help, read: () => [{ value: read() }] }
}

function labelled(label: string, values: Labels): LabelledValue[] {
  return values.map(([name, value]) => ({ labels: { [label]: name }, value }))
}
