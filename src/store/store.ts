// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { ChangeRecord, Owner, StoredMessage, StoredSubscription, StoredWill } from './change-record.ts'

/** A delivery as it was left: `packetId` is 0 while it was never sent. */
export interface StoredDelivery {
  readonly order: number
  readonly message: StoredMessage
  readonly qos: QoS
  readonly retain: boolean
  readonly identifiers: readonly number[]
  readonly packetId: number
  readonly isReleased: boolean
}

export interface StoredSession {
  readonly clientId: string
  readonly expiryIntervalSec: number
  /** Messages that may wait; undefined: as configured. */
  readonly queueLimit?: number | undefined
  /** Null when its connection was open at the last moment that the store knows of. */
  readonly closedAtWall: number | null
  readonly subscriptions: Iterable<StoredSubscription>
  /** Sent and not acknowledged completely; in their order. */
  readonly inFlight: Iterable<StoredDelivery>
  readonly queue: StoredQueue
  readonly incomingQoS2: Iterable<number>
}

export interface StoredGroup {
  readonly key: string
  readonly queue: StoredQueue
}

/** A queue is read page by page when its client comes; a broker starts with no more than this of it. */
export interface StoredQueue {
  readonly length: number
  /** Of the last delivery that its owner was given, whatever became of that; 0 for none. */
  readonly lastOrder: number
}

/** What a broker starts with. */
export interface StoredState {
  readonly sessions: Iterable<StoredSession>
  readonly groups: Iterable<StoredGroup>
  readonly retained: Iterable<StoredMessage>
  /** Of clients that were connected, and of those whose delay had not passed. */
  readonly wills: Iterable<{ readonly clientId: string; readonly will: StoredWill }>
  /** The last moment at which the broker is known to have lived; null for a store that was never used. */
  readonly lastAliveWall: number | null
}

/**
 * The port for everything durable. The broker appends what it decided; what it owes to the outside world for it (an
 * acknowledgement, mostly) it does when the store says that the record is safe. All records of one turn of the event loop
 * are one batch with one promise.
 */
export interface Store {
  /** Called once, before anything is appended. */
  load(): Promise<StoredState>
  /** Adds a change to the batch of this turn. */
  append(record: ChangeRecord): void
  /** There is no room, or nothing can be written: what has to be stored is refused for now. */
  readonly isFull: boolean
  /** Messages in queues take more than their budget: for what comes into one, something has to go. */
  readonly areQueuesOverBudget: boolean
  /** What they take, as of some moment ago; what several queues share counts once. */
  readonly queuedBytes: number
  /** So much waits to be written that whoever adds to it should wait too. */
  readonly isBehind: boolean
  /** How many records were appended so far. Compared before and after, it tells whether there is something to wait for. */
  readonly appended: number
  /**
   * Calls back when everything appended so far is durable, in the order of the calls; at once, before it returns, where
   * that is already so.
   */
  whenDurable(callback: () => void): void
  /**
   * Calls back with the first deliveries, at most `limit`, that wait in the queue of `owner` and come after `afterOrder`; no
   * sooner than everything appended so far is part of the answer. Fewer where messages are large, none where none are left.
   */
  readQueue(owner: Owner, afterOrder: number, limit: number, onPage: (page: readonly StoredDelivery[]) => void): void
  /** Makes everything durable and lets go of the store. */
  close(): Promise<void>
}
