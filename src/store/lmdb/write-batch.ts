// SPDX-License-Identifier: Apache-2.0
import type { ChangeRecord, StoredMessage } from '../change-record.ts'
import { numberKey, packetIdKey, textKey } from './keys.ts'
import { encodeMessage, encodeWill } from './message-encoding.ts'
import type { Tables } from './tables.ts'

type QueuedRecord = ChangeRecord & { type: 'message-queued' }

/** What a batch does to one delivery. */
export interface DeliveryChange {
  /** It is new; else the store has it. */
  readonly queued: QueuedRecord | null
  /** It is in flight under this identifier now; 0 for no change. */
  packetId: number
  isReleased: boolean
  isDone: boolean
  /** The store knows of its being in flight. */
  wasInFlight: boolean
}

export interface Change {
  readonly table: keyof Tables
  readonly key: Buffer
  /** Null to remove the key. */
  readonly value: Buffer | null
}

export interface OwnerChanges {
  readonly deliveries: Map<number, DeliveryChange>
  /** All else, by table and key. */
  readonly entries: Map<string, Change>
}

/**
 * What is to be written together. Later changes of the same thing take the place of earlier ones, and what begins and ends
 * in one batch is never written: a message that is acknowledged while an earlier batch is on its way costs nothing.
 */
export class WriteBatch {
  readonly owners: Map<number, OwnerChanges> = new Map()
  readonly endedOwners: number[] = []
  /** Changes that belong to no owner, by table and key. */
  readonly entries: Map<string, Change> = new Map()
  /** Payload bytes and records that were put in, whatever became of them. */
  bytes = 0
  records = 0
  /** Called when the batch is durable. */
  readonly waiting: (() => void)[] = []
  /** How many of those say something to a client that rests on this batch. */
  promises = 0

  get isEmpty(): boolean {
    return this.owners.size === 0 && this.endedOwners.length === 0 && this.entries.size === 0
  }

  put(table: keyof Tables, key: Buffer, value: Buffer): void {
    set(this.entries, { table, key, value })
  }

  remove(table: keyof Tables, key: Buffer): void {
    set(this.entries, { table, key, value: null })
  }

  putOf(owner: number, table: keyof Tables, key: Buffer, value: Buffer): void {
    set(this.#changesOf(owner).entries, { table, key, value })
  }

  removeOf(owner: number, table: keyof Tables, key: Buffer): void {
    set(this.#changesOf(owner).entries, { table, key, value: null })
  }

  queue(owner: number, record: QueuedRecord): void {
    this.bytes += record.message.payload.length
    this.#changesOf(owner).deliveries.set(record.order, newChange(record))
  }

  sent(owner: number, order: number, packetId: number, isReleased: boolean): void {
    const change = this.#deliveryOf(owner, order)
    change.packetId = packetId
    change.wasInFlight ||= isReleased
    change.isReleased = isReleased
  }

  done(owner: number, order: number, wasSent: boolean): void {
    const { deliveries } = this.#changesOf(owner)
    const change = deliveries.get(order)
    if (change !== undefined && change.queued !== null) {
      deliveries.delete(order)
      return
    }
    const done = change ?? newChange(null)
    // Where this batch is the first to say that it was sent, the store does not know of it.
    done.wasInFlight ||= wasSent && change === undefined
    done.isDone = true
    deliveries.set(order, done)
  }

  endOwner(owner: number): void {
    this.owners.delete(owner)
    this.endedOwners.push(owner)
  }

  /** In how many new deliveries each message stands. */
  countUses(): Map<StoredMessage, number> {
    const uses = new Map<StoredMessage, number>()
    for (const { deliveries } of this.owners.values()) {
      for (const { queued } of deliveries.values()) {
        if (queued !== null) uses.set(queued.message, (uses.get(queued.message) ?? 0) + 1)
      }
    }
    return uses
  }

  #changesOf(owner: number): OwnerChanges {
    let changes = this.owners.get(owner)
    if (changes === undefined) {
      changes = { deliveries: new Map(), entries: new Map() }
      this.owners.set(owner, changes)
    }
    return changes
  }

  #deliveryOf(owner: number, order: number): DeliveryChange {
    const { deliveries } = this.#changesOf(owner)
    let change = deliveries.get(order)
    if (change === undefined) {
      change = newChange(null)
      deliveries.set(order, change)
    }
    return change
  }
}

const NOTHING = Buffer.alloc(0)

/** Puts a record that concerns a session, known by its owner's number, into the batch. */
export function addOwnerRecord(batch: WriteBatch, owner: number, record: ChangeRecord): void {
  switch (record.type) {
    case 'session-opened':
    case 'session-closed': {
      const { clientId, expiryIntervalSec, queueLimit } = record
      const closedAtWall = record.type === 'session-closed' ? record.closedAtWall : null
      batch.putOf(owner, 'sessions', numberKey(owner), json({ clientId, expiryIntervalSec, queueLimit, closedAtWall }))
      return
    }
    case 'subscribed': {
      const { subscription } = record
      batch.putOf(owner, 'subscriptions', textKey(subscription.topicFilter, owner), json(subscription))
      return
    }
    case 'unsubscribed':
      batch.removeOf(owner, 'subscriptions', textKey(record.topicFilter, owner))
      return
    case 'message-queued':
      batch.queue(owner, record)
      return
    case 'message-sent':
      batch.sent(owner, record.order, record.packetId, false)
      return
    case 'message-released':
      batch.sent(owner, record.order, record.packetId, true)
      return
    case 'message-done':
      batch.done(owner, record.order, record.wasSent)
      return
    case 'incoming-qos2-received':
      batch.putOf(owner, 'incomingQoS2', packetIdKey(owner, record.packetId), NOTHING)
      return
    case 'incoming-qos2-released':
      batch.removeOf(owner, 'incomingQoS2', packetIdKey(owner, record.packetId))
  }
}

/** Puts a record that concerns no session and no group into the batch. */
export function addCommonRecord(batch: WriteBatch, record: ChangeRecord): void {
  switch (record.type) {
    case 'alive':
      batch.put('meta', ALIVE_KEY, momentOf(record.atWall))
      return
    case 'retained-set':
      batch.put('retained', textKey(record.message.topicName), encodeMessage(record.message))
      return
    case 'retained-cleared':
      batch.remove('retained', textKey(record.topicName))
      return
    case 'will-set':
      batch.put('wills', textKey(record.clientId), encodeWill(record.clientId, record.will))
      return
    case 'will-done':
      batch.remove('wills', textKey(record.clientId))
  }
}

export const ALIVE_KEY: Buffer = Buffer.from('alive')

function momentOf(wall: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeDoubleLE(wall)
  return bytes
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function set(entries: Map<string, Change>, change: Change): void {
  entries.set(change.table + change.key.toString('latin1'), change)
}

function newChange(queued: QueuedRecord | null): DeliveryChange {
  return { queued, packetId: 0, isReleased: false, isDone: false, wasInFlight: false }
}
