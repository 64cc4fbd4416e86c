// SPDX-License-Identifier: Apache-2.0
import type { Wire } from '../broker/broker-kind.ts'
import type { QoS } from '../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'

/** Who publishes what to whom. Publisher `i` names topic `i % topics`; so does subscriber `i`, unless it asks for all. */
export interface Traffic {
  readonly version: ProtocolVersion
  readonly qos: QoS
  readonly publishers: number
  readonly subscribers: number
  readonly topics: number
  /** Subscribers ask for all topics with one wildcard filter. */
  readonly isWildcard: boolean
  readonly payloadBytes: number
  /** Sessions of subscribers outlive their connections, so brokers store what is sent to them. */
  readonly isPersistent: boolean
}

/** As many messages as the broker can take, while a bounded number is on its way. */
export interface ThroughputJob {
  readonly kind: 'throughput'
  readonly traffic: Traffic
  /** Nobody publishes while so many deliveries are awaited. */
  readonly outstanding: number
  /** QoS 1 and 2: publications of one publisher that are not acknowledged; at most what the broker's CONNACK allows. */
  readonly window: number
  readonly seconds: number
}

/** A given number of messages per second, each with the time it was sent. */
export interface FixedRateJob {
  readonly kind: 'fixed-rate'
  readonly traffic: Traffic
  /** Over all publishers, which take turns. */
  readonly messagesPerSec: number
  readonly seconds: number
}

/** Clients that log in all at once, each for the first time, while traffic runs at a given rate. */
export interface LoginStormJob {
  readonly kind: 'login-storm'
  readonly traffic: Traffic
  readonly messagesPerSec: number
  readonly logins: number
}

/** Connections that are opened as fast as the broker takes them, and then do nothing. */
export interface IdleJob {
  readonly kind: 'idle'
  readonly version: ProtocolVersion
  readonly connections: number
}

/** Connections that are opened and ended again: CONNECT, CONNACK, DISCONNECT, end of the stream. */
export interface ConnectJob {
  readonly kind: 'connect'
  readonly version: ProtocolVersion
  readonly connections: number
}

/**
 * Messages of QoS 1 that are queued for clients that are away, which then come and take them; twice, to see whether the room
 * that the first ones took is used again. Each session has a topic of its own, and each publisher the same number of sessions.
 */
export interface OfflineJob {
  readonly kind: 'offline'
  readonly version: ProtocolVersion
  readonly sessions: number
  readonly publishers: number
  readonly messagesPerSession: number
  readonly payloadBytes: number
  /** Publications of one publisher that are not acknowledged. */
  readonly window: number
}

export type Job = ThroughputJob | FixedRateJob | LoginStormJob | IdleJob | ConnectJob | OfflineJob

/** The broker under load, on this machine. */
export interface LoadTarget {
  readonly port: number
  readonly wire: Wire
  readonly pid: number
  /** Clients log in with a name and a password. */
  readonly hasLogins: boolean
  /** The file that holds what is durable; null where there is no such file. */
  readonly storeFile: string | null
}

/** What can be measured, by name; the unit is in the name. */
export type Figure =
  | 'memoryAfterStartMb'
  | 'messagesPerSec'
  | 'cpuMicrosPerMessage'
  | 'p50Micros'
  | 'p90Micros'
  | 'p99Micros'
  | 'p999Micros'
  | 'bytesPerConnection'
  | 'connectsPerSec'
  | 'cpuMicrosPerConnect'
  | 'enqueuedPerSec'
  | 'cpuMicrosPerEnqueue'
  | 'drainedPerSec'
  | 'cpuMicrosPerDrain'
  /** The second time. */
  | 'enqueuedAgainPerSec'
  | 'drainedAgainPerSec'
  /** Resident memory at its highest, with and without pages of mapped files. */
  | 'peakMemoryMb'
  | 'peakPrivateMb'
  /** Size of the file that holds what is durable. */
  | 'storeMb'
  /** How many times its size after the first time is the one after the second. */
  | 'storeGrowth'
  | 'startSeconds'
  | 'privateAfterStartMb'
  /** The load generator's own CPU time per delivery or connect, and as a share of the time that passed. */
  | 'loadMicros'
  | 'loadShare'

export type Figures = Partial<Record<Figure, number>>

/** A run with a fault has no figures that mean anything. */
export interface JobResult {
  readonly figures: Figures
  readonly fault: string | null
}
