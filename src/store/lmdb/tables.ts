// SPDX-License-Identifier: Apache-2.0
import type { Database, RootDatabase } from 'lmdb'

export type Table = Database<Buffer, Buffer>

/** All tables of a store; what their keys are made of stands in keys.ts, what their values are in message-encoding.ts. */
export interface Tables {
  /** Format and heartbeat, by name. */
  readonly meta: Table
  /** JSON. */
  readonly sessions: Table
  readonly subscriptions: Table
  /** The `$share/<name>/<filter>` of each group that has messages. */
  readonly groups: Table
  /** Every delivery from the moment it is queued until it is done, in flight or not. */
  readonly queued: Table
  /** What is more to say of those in flight. */
  readonly inFlight: Table
  /** Messages that stand in several queues, and in how many. */
  readonly bodies: Table
  readonly references: Table
  readonly incomingQoS2: Table
  readonly retained: Table
  readonly wills: Table
  /** Owners that have ended, of which something is left. */
  readonly garbage: Table
}

/** Where the state of an owner is, all of it below its number. */
export const TABLES_OF_OWNERS: readonly (keyof Tables)[] = ['subscriptions', 'incomingQoS2', 'inFlight', 'queued']

export const TABLE_COUNT = 12

export function openTables(root: RootDatabase<Buffer, Buffer>): Tables {
  const open = (name: string): Table => root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' })
  return {
    meta: open('meta'),
    sessions: open('sessions'),
    subscriptions: open('subscriptions'),
    groups: open('groups'),
    queued: open('queued'),
    inFlight: open('inFlight'),
    bodies: open('bodies'),
    references: open('references'),
    incomingQoS2: open('incomingQoS2'),
    retained: open('retained'),
    wills: open('wills'),
    garbage: open('garbage'),
  }
}
