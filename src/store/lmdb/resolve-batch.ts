// SPDX-License-Identifier: Apache-2.0
import type { StoredMessage } from '../change-record.ts'
import { deliveryKey, numberKey, OWNER_BYTES } from './keys.ts'
import { bodyOf, encodeDelivery, encodeInFlight, encodeMessage } from './message-encoding.ts'
import { TABLES_OF_OWNERS, type Tables } from './tables.ts'
import type { Change, DeliveryChange, WriteBatch } from './write-batch.ts'

/** What is left of ended owners is cleared away in such portions, so that the end of a long queue does not hold up all else. */
const GARBAGE_PORTION = 2_000
const NOTHING = Buffer.alloc(0)

/** Hands out the numbers of bodies. */
export interface BodyNumbers {
  next: number
}

export interface ResolvedBatch {
  readonly changes: Change[]
  /** Ended owners have left something for the next batch to clear away. */
  readonly hasGarbage: boolean
}

/**
 * Turns a batch into what is put and removed. Reads what the tables have, so everything before it must be committed. A
 * message that several deliveries of the batch share is written once, with a count of those that still need it.
 */
export function resolveBatch(
  batch: WriteBatch,
  tables: Tables,
  numbers: BodyNumbers,
  clearsGarbage: boolean,
): ResolvedBatch {
  const changes: Change[] = [...batch.entries.values()]
  const references = new References(tables, changes)
  const bodies = new Bodies(batch, references, numbers, changes)
  const hasGarbage = clearsGarbage && clearGarbage(tables, references, changes)
  for (const [owner, { deliveries, entries }] of batch.owners) {
    for (const change of entries.values()) changes.push(change)
    for (const [order, delivery] of deliveries) {
      const key = deliveryKey(owner, order)
      if (delivery.isDone) {
        references.dropFrom(tables.queued.get(key))
        changes.push({ table: 'queued', key, value: null })
        if (delivery.wasInFlight) changes.push({ table: 'inFlight', key, value: null })
      } else addDelivery(delivery, key, bodies, changes)
    }
  }
  for (const owner of batch.endedOwners) {
    const key = numberKey(owner)
    changes.push({ table: 'garbage', key, value: NOTHING })
    changes.push({ table: 'sessions', key, value: null }, { table: 'groups', key, value: null })
  }
  references.write()
  return { changes, hasGarbage: hasGarbage || batch.endedOwners.length > 0 }
}

/** Clears away a portion of what ended owners left; true when that was not all. */
function clearGarbage(tables: Tables, references: References, changes: Change[]): boolean {
  let left = GARBAGE_PORTION
  for (const owner of tables.garbage.getKeys()) {
    if (left === 0) return true
    left -= clearOwner(tables, owner, left, references, changes)
    if (left > 0) changes.push({ table: 'garbage', key: owner, value: null })
  }
  return left === 0
}

/** Clears away at most `limit` of what an owner left, and returns how much that was. */
function clearOwner(tables: Tables, owner: Buffer, limit: number, references: References, changes: Change[]): number {
  let left = limit
  for (const table of TABLES_OF_OWNERS) {
    for (const { key, value } of tables[table].getRange({ start: owner, end: after(owner), limit: left })) {
      if (table === 'queued') references.dropFrom(value)
      changes.push({ table, key, value: null })
      left--
    }
    if (left === 0) break
  }
  return limit - left
}

/** The first key that is not the owner's. */
function after(owner: Buffer): Buffer {
  const end = Buffer.from(owner)
  end.writeUIntBE(owner.readUIntBE(0, OWNER_BYTES) + 1, 0, OWNER_BYTES)
  return end
}

function addDelivery(delivery: DeliveryChange, key: Buffer, bodies: Bodies, changes: Change[]): void {
  const { queued, packetId, isReleased } = delivery
  if (queued !== null) {
    const { message } = queued
    changes.push({ table: 'queued', key, value: encodeDelivery(queued, message, bodies.numberOf(message)) })
  }
  if (packetId > 0) changes.push({ table: 'inFlight', key, value: encodeInFlight(packetId, isReleased) })
}

/** Messages that more than one new delivery needs. */
class Bodies {
  readonly #uses: ReadonlyMap<StoredMessage, number>
  readonly #numbers = new Map<StoredMessage, number>()
  readonly #references: References
  readonly #next: BodyNumbers
  readonly #changes: Change[]

  constructor(batch: WriteBatch, references: References, next: BodyNumbers, changes: Change[]) {
    this.#uses = batch.countUses()
    this.#references = references
    this.#next = next
    this.#changes = changes
  }

  /** Null for a message that stands in one delivery only, and so in that. */
  numberOf(message: StoredMessage): number | null {
    const uses = this.#uses.get(message)!
    if (uses === 1) return null
    let number = this.#numbers.get(message)
    if (number === undefined) {
      number = this.#next.next++
      this.#numbers.set(message, number)
      this.#references.begin(number, uses)
      this.#changes.push({ table: 'bodies', key: numberKey(number), value: encodeMessage(message) })
    }
    return number
  }
}

/** How many deliveries need each body. */
class References {
  readonly #tables: Tables
  readonly #changes: Change[]
  readonly #counts = new Map<number, number>()

  constructor(tables: Tables, changes: Change[]) {
    this.#tables = tables
    this.#changes = changes
  }

  begin(number: number, count: number): void {
    this.#counts.set(number, count)
  }

  /** A delivery, as it was written, is gone. */
  dropFrom(delivery: Buffer | undefined): void {
    const number = delivery === undefined ? null : bodyOf(delivery)
    if (number === null) return
    const count = this.#counts.get(number) ?? this.#tables.references.get(numberKey(number))?.readUInt32LE(0) ?? 1
    this.#counts.set(number, count - 1)
  }

  write(): void {
    for (const [number, count] of this.#counts) {
      const key = numberKey(number)
      if (count > 0) {
        const value = Buffer.allocUnsafe(4)
        value.writeUInt32LE(count)
        this.#changes.push({ table: 'references', key, value })
      } else {
        this.#changes.push({ table: 'references', key, value: null }, { table: 'bodies', key, value: null })
      }
    }
  }
}
