// SPDX-License-Identifier: Apache-2.0
import { AMOUNTS, BucketHistogram, SECONDS } from './bucket-histogram.ts'
import { DropReason } from './drop-reason.ts'

/** Types of control packets are four bits. */
const PACKET_TYPES = 16
const ALL_REASONS = Object.values(DropReason)

/** What the broker counts. A counter is a number in an object of fixed shape: counting costs one addition. */
export class Metrics {
  // Packets, by their type (spec 2.1.2)
  /** From clients, and decoded without a fault. */
  readonly packetsReceived: Float64Array = new Float64Array(PACKET_TYPES)
  /** To clients, sent again ones included. */
  readonly packetsSent: Float64Array = new Float64Array(PACKET_TYPES)
  /** Of those CONNECT that are MQTT 5. */
  connectsOfVersion5 = 0
  /** Bytes of MQTT, without what TLS and WebSocket add. */
  bytesReceived = 0
  bytesSent = 0

  // Connections
  /** Connections whose CONNECT was accepted, now. */
  connections = 0
  /** Links that are gone. */
  connectionsClosed = 0
  /** Ends of connections by the name of their reason. */
  readonly endedBy: Map<string, number> = new Map()
  /** Faults of our own that ended a connection. */
  internalErrors = 0

  // The books of deliveries: owed = delivered + queued + inFlight + all that was dropped
  /** Messages that were routed, whoever published them. */
  publications = 0
  /** Of those, that had no subscriber. */
  publicationsUnheard = 0
  /** Deliveries that messages gave rise to: one for each session and each shared group that a message is for. */
  owedByPublications = 0
  /** Retained messages for new subscriptions. */
  owedByRetained = 0
  /** What was still owed when the broker was started. */
  owedByRestart = 0
  /** QoS 0 was sent, or QoS 1 or 2 acknowledged. */
  delivered = 0
  /** In the queues of sessions and groups now. */
  queued = 0
  /** Their bytes, as far as this process has queued them; what several queues share counts for each. */
  queuedBytes = 0
  /** Sent and not acknowledged completely now; a session that is away keeps them. */
  inFlight = 0
  readonly dropped: Record<DropReason, number> = Object.fromEntries(ALL_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >

  // What else is kept
  /** Subscriptions of all sessions, members of groups among them, and the bytes of their filters. */
  subscriptions = 0
  subscriptionBytes = 0
  /** Client identifiers of all sessions, in bytes. */
  clientIdBytes = 0
  /** Of topic, properties and payload of retained messages. */
  retainedBytes = 0
  /** Wills of sessions. */
  wills = 0
  willsPublished = 0

  // The durable store
  /** Seconds that each transaction took, and the changes in it. */
  readonly storeCommits: BucketHistogram = new BucketHistogram(SECONDS)
  readonly storeBatches: BucketHistogram = new BucketHistogram(AMOUNTS)
  /** Bytes that are in use. */
  storeUsedBytes = 0
  /** What was acknowledged and may be lost with the power, as far as is known: always 0 where acknowledgements wait for the disk. */
  unsyncedAcknowledgements = 0
  /** QoS 1 and 2 messages from clients that were not taken because they could not be stored. */
  refusedForLackOfRoom = 0
  /** Copies under `$dead/`, `$expired/` and `$dropped/`, and those for which there was no room. */
  lostCopiesPublished = 0
  lostCopiesDropped = 0
  /** How often reading was held back, or with the mode `count` would have been, for one of these limits. */
  throttledByBandwidth = 0
  throttledListeners = 0
  throttledClients = 0
  throttledExtensions = 0
  /** CONNECT packets above the rate of their listener. */
  connectsAboveRate = 0
  /** Connections that ended before TLS was established: certificates that are not trusted, timeouts, port scans. */
  failedTlsHandshakes = 0
  /** Connections that were closed because their HTTP request asked for something else than this WebSocket. */
  refusedWebSocketRequests = 0
  /** Connections that were closed because of their PROXY header, or because they are not from a network that may send one. */
  refusedProxyHeaders = 0
  /** Listeners with TLS by name: when the certificate of the server expires, in milliseconds since 1970. */
  readonly certificateEnds: Map<string, number> = new Map()
  /** What is given up for want of memory now (see `Shedding`), and how often each step was taken. */
  memoryLevel = 0
  readonly memoryStepsEntered: number[] = [0, 0, 0, 0, 0]
  connectsRefusedForMemory = 0
  publishersPausedForMemory = 0
  /** Messages from clients. */
  qos0DroppedForMemory = 0
  publishesRefusedForMemory = 0
  /** Messages from clients that interceptors have stopped. */
  publishesPrevented = 0
  /** Lines of the log that came faster than they could be written. */
  logLinesDropped = 0

  /** What the books cannot account for: 0 at the end of every turn, unless a fault of ours has cut work short. */
  get unaccounted(): number {
    let accounted = this.delivered + this.queued + this.inFlight
    for (const reason of ALL_REASONS) accounted += this.dropped[reason]
    return this.owedByPublications + this.owedByRetained + this.owedByRestart - accounted
  }

  countEnd(reason: string): void {
    this.endedBy.set(reason, (this.endedBy.get(reason) ?? 0) + 1)
  }

  /** A packet was written to a client. */
  countSent(type: number, bytes: number): void {
    this.packetsSent[type]!++
    this.bytesSent += bytes
  }
}
