// SPDX-License-Identifier: Apache-2.0
import type { ProtocolVersion } from '../src/codec/protocol-version.ts'
import type { Wire } from './broker/broker-kind.ts'
import type { Figure, Job } from './load/job.ts'

/** How much a run does. */
export interface Scale {
  readonly seconds: number
  readonly idleConnections: number
  readonly shortConnections: number
  /** For each of the clients that are away. */
  readonly queuedPerSession: number
  /** Clients that log in at once. */
  readonly stormLogins: number
  /** In the store that a broker starts with. */
  readonly storedSessions: number
}

export const FULL_SCALE: Scale = {
  seconds: 2,
  idleConnections: 10_000,
  shortConnections: 5000,
  queuedPerSession: 10_000,
  stormLogins: 5000,
  storedSessions: 100_000,
}
/** Tells that everything works, and no more. */
export const QUICK_SCALE: Scale = {
  seconds: 0.15,
  idleConnections: 1000,
  shortConnections: 500,
  queuedPerSession: 200,
  stormLogins: 200,
  storedSessions: 1000,
}

/**
 * The share of a workload that is run before it, on connections of its own, and thrown away: code is compiled and buffers
 * have grown when the clock starts. The same for all brokers.
 */
const WARM_UP = 0.25
/** Fewer of idle connections and queued messages: the memory that they leave behind would hide what those after them take. */
const SMALL_WARM_UP = 0.05

/**
 * Workloads of different groups meet a broker process of their own: the memory that messages have filled would hide what
 * idle connections take. Those of `large-start` start it themselves.
 */
export type Group =
  'connections' | 'messages' | 'durable' | 'offline' | 'tls' | 'websocket' | 'rbac' | 'login-storm' | 'large-start'

export const GROUPS: readonly Group[] = [
  'connections',
  'messages',
  'durable',
  'offline',
  'tls',
  'websocket',
  'rbac',
  'login-storm',
  'large-start',
]

/** What a group asks of the configuration of its brokers. */
export const QUEUE_SIZES: Partial<Record<Group, number>> = { offline: 20_000 }

/** Their clients have a name and a password. */
export const WITH_LOGINS: ReadonlySet<Group> = new Set<Group>(['rbac', 'login-storm'])

/**
 * Users beside those of the traffic, of the storm and of its warm-up: a login that is repeated would be found in a cache. Elsewhere what
 * so many leave behind at the start would be collected while messages are counted.
 */
export const STORM_CLIENTS: Partial<Record<Group, number>> = { 'login-storm': 5250 }

/** What its brokers speak, where that is not plain TCP. */
export const WIRES: Partial<Record<Group, Wire>> = { tls: 'tls', websocket: 'websocket' }

export interface Workload {
  readonly name: string
  readonly title: string
  readonly group: Group
  readonly version: ProtocolVersion
  /** Those that can do it, by name. */
  readonly brokers: readonly string[]
  /** Null: the figures are taken from the broker as it starts. */
  job(scale: Scale): Job | null
  /** What is printed of it. */
  readonly figures: readonly Figure[]
}

export function warmUpScale(scale: Scale): Scale {
  return {
    seconds: scale.seconds * WARM_UP,
    idleConnections: Math.ceil(scale.idleConnections * SMALL_WARM_UP),
    shortConnections: Math.ceil(scale.shortConnections * WARM_UP),
    queuedPerSession: Math.ceil(scale.queuedPerSession * SMALL_WARM_UP),
    stormLogins: Math.ceil(scale.stormLogins * SMALL_WARM_UP),
    storedSessions: scale.storedSessions,
  }
}
