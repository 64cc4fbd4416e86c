// SPDX-License-Identifier: Apache-2.0
import { DropReason } from './drop-reason.ts'

/** What the broker counts. A counter is a number in an object of fixed shape: counting costs one addition. */
export class Metrics {
  /** PUBLISH packets from clients. */
  publishesReceived = 0
  /** PUBLISH packets to clients, sent again ones included. */
  publishesSent = 0
  /** Connections whose CONNECT was accepted, now. */
  connections = 0
  /** Connections that ended because the client broke the protocol. */
  protocolFaults = 0
  /** Faults of our own that ended a connection. */
  internalErrors = 0
  /** Transactions of the durable store, what they took together, and the changes in them. */
  storeCommits = 0
  storeCommitMs = 0
  storeChanges = 0
  /** Bytes of the durable store that are in use. */
  storeUsedBytes = 0
  /** QoS 1 and 2 messages from clients that were not taken because they could not be stored. */
  refusedForLackOfRoom = 0
  /** Copies under `$dead/`, `$expired/` and `$dropped/`, and those for which there was no room. */
  lostCopiesPublished = 0
  lostCopiesDropped = 0
  /** How often reading was held back, or with the mode `count` would have been, for one of these limits. */
  throttledByBandwidth = 0
  throttledListeners = 0
  throttledClients = 0
  /** CONNECT packets above the rate of their listener. */
  connectsAboveRate = 0
  /** Connections that ended before TLS was established: certificates that are not trusted, timeouts, port scans. */
  failedTlsHandshakes = 0
  /** Listeners with TLS by name: when the certificate of the server expires, in milliseconds since 1970. */
  readonly certificateEnds: Map<string, number> = new Map()
  readonly dropped: Record<DropReason, number> = Object.fromEntries(
    Object.values(DropReason).map((reason) => [reason, 0]),
  ) as Record<DropReason, number>
}
