// SPDX-License-Identifier: Apache-2.0
import type { RootDatabase } from 'lmdb'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Clock } from '../../util/clock.ts'
import type { ChangeRecord, Owner } from '../change-record.ts'
import type { PersistenceSettings } from '../persistence-settings.ts'
import type { Store, StoredDelivery, StoredState } from '../store.ts'
import { deliveryKey, numberKey } from './keys.ts'
import { loadState, type Owners, readDelivery } from './load-state.ts'
import { resolveBatch } from './resolve-batch.ts'
import { bytesFor, type Room } from './room.ts'
import type { Table, Tables } from './tables.ts'
import { addCommonRecord, addOwnerRecord, type Change, WriteBatch } from './write-batch.ts'

// One batch is on its way to the disk while the next one fills:
//
//   append ──▶ [ batch ] ──▶ commit: one transaction, one fsync ──▶ callbacks of that batch
//                 ▲  the slower the disk, the larger the batches
//
// Where the disk has no room the batch waits until it has: nothing that waits for it is answered, and nothing new is taken
// on meanwhile.

/** How often it is looked whether a full disk has room again. */
const RETRY_MS = 1_000
/** The disk usage is looked at after so many bytes, of which a change takes some more than its value. */
const USAGE_INTERVAL_BYTES = 1024 * 1024
const CHANGE_BYTES = 100
/** From here on whoever adds to the batch waits for it: a publisher may be faster than the disk for long. */
const BEHIND_BYTES = 16 * 1024 * 1024
const BEHIND_RECORDS = 20_000
/** Of payloads in one page of a queue: a thousand clients that come back at once have no more than a gigabyte of them in memory. */
const PAGE_BYTES = 1024 * 1024
/** The broker takes new work again below this share of the maximum disk usage. */
const RESUME_SHARE = 0.95

export interface LmdbStoreParts {
  readonly root: RootDatabase<Buffer, Buffer>
  readonly tables: Tables
  readonly settings: PersistenceSettings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly room: Room
  /** The disk is full, or has room again (null). */
  readonly onTrouble: (error: Error | null) => void
  /** More than the maximum disk usage is used, or no longer. */
  readonly onBudget: (isOver: boolean) => void
  /** LMDB could not write. What it has in memory cannot be trusted any more: the process should end. */
  readonly onFailed: (error: Error) => void
  /** Something that waited has thrown. */
  readonly onFault: (error: unknown) => void
  /** Called when everything is closed. */
  readonly onClosed: () => void
  /** Calls back at the end of the turn of the event loop. */
  readonly endOfTurn?: (callback: () => void) => void
}

/** The durable store: LMDB, with one commit at a time on a thread of its own. */
export class LmdbStore implements Store {
  readonly #parts: LmdbStoreParts
  readonly #tables: Tables
  readonly #endOfTurn: (callback: () => void) => void
  #owners: Owners = { sessions: new Map(), groups: new Map(), next: 1 }
  readonly #bodyNumbers = { next: 1 }
  #batch = new WriteBatch()
  /** The one on its way to the disk. */
  #committing: WriteBatch | null = null
  #isScheduled = false
  #hasGarbage = true
  #isClosing = false
  #trouble: Error | null = null
  #isLookingAgain = false
  #isOverBudget = false
  #areQueuesOverBudget = false
  #bytesSinceUsage = USAGE_INTERVAL_BYTES
  #onIdle: (() => void) | null = null

  appended = 0
  queuedBytes = 0

  constructor(parts: LmdbStoreParts) {
    this.#parts = parts
    this.#tables = parts.tables
    this.#endOfTurn = parts.endOfTurn ?? setImmediate
  }

  get isFull(): boolean {
    return this.#trouble !== null || this.#isOverBudget
  }

  /** Not while that of ended owners is cleared away: there will be room without anybody's loss. */
  get areQueuesOverBudget(): boolean {
    return this.#areQueuesOverBudget && !this.#hasGarbage
  }

  get isBehind(): boolean {
    return this.#batch.bytes > BEHIND_BYTES || this.#batch.records > BEHIND_RECORDS
  }

  async load(): Promise<StoredState> {
    const { state, owners, nextBody } = loadState(this.#tables)
    this.#owners = owners
    this.#bodyNumbers.next = nextBody
    // A store that was full when it was closed is full from the first client on, not from the first commit on.
    this.#lookAtUsage(0)
    await this.#hasRoomFor(bytesFor([], () => 0))
    this.#schedule()
    return state
  }

  append(record: ChangeRecord): void {
    this.appended++
    this.#batch.records++
    this.#add(record)
    this.#schedule()
  }

  whenDurable(callback: () => void): void {
    if (this.#parts.settings.durability === 'memory' && !this.isBehind) {
      if (!this.#batch.isEmpty || this.#committing !== null) this.#parts.metrics.unsyncedAcknowledgements++
      callback()
    } else this.#whenCommitted(callback, 1)
  }

  readQueue(owner: Owner, afterOrder: number, limit: number, onPage: (page: StoredDelivery[]) => void): void {
    this.#whenCommitted(() => onPage(this.#readPage(owner, afterOrder, limit)))
  }

  /** How many keys a table has, as it was committed. For whoever wants to know what takes the room. */
  entriesIn(table: keyof Tables): number {
    this.#parts.root.resetReadTxn()
    return this.#tables[table].getKeysCount()
  }

  async close(): Promise<void> {
    // What is left of ended owners can wait for the next start.
    this.#hasGarbage = false
    this.#isClosing = true
    if (!this.isIdle) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    await this.#parts.room.close()
    await this.#parts.root.close()
    this.#parts.onClosed()
  }

  /** Nothing is on its way to the disk. */
  get isIdle(): boolean {
    return this.#batch.isEmpty && this.#batch.waiting.length === 0 && this.#committing === null && !this.#isScheduled
  }

  #add(record: ChangeRecord): void {
    const batch = this.#batch
    switch (record.type) {
      case 'alive':
      case 'retained-set':
      case 'retained-cleared':
      case 'will-set':
      case 'will-done':
        addCommonRecord(batch, record)
        return
      case 'session-opened':
        addCommonRecord(batch, { type: 'alive', atWall: record.openedAtWall })
        addOwnerRecord(batch, this.#sessionNumber(record.clientId), record)
        return
      case 'session-ended':
        this.#endOwner(this.#owners.sessions, record.clientId)
        return
      case 'group-ended':
        this.#endOwner(this.#owners.groups, record.group)
        return
      case 'message-queued':
      case 'message-done': {
        const { kind, key } = record.owner
        const isNewGroup = kind === 'group' && record.type === 'message-queued'
        const numbers = kind === 'session' ? this.#owners.sessions : this.#owners.groups
        const number = isNewGroup ? this.#groupNumber(key) : numbers.get(key)
        if (number !== undefined) addOwnerRecord(batch, number, record)
        return
      }
      default: {
        const number = this.#owners.sessions.get(record.clientId)
        if (number !== undefined) addOwnerRecord(batch, number, record)
      }
    }
  }

  #sessionNumber(clientId: string): number {
    const known = this.#owners.sessions.get(clientId)
    if (known !== undefined) return known
    const number = this.#owners.next++
    this.#owners.sessions.set(clientId, number)
    return number
  }

  /** A group comes into being with its first message. */
  #groupNumber(key: string): number {
    const known = this.#owners.groups.get(key)
    if (known !== undefined) return known
    const number = this.#owners.next++
    this.#owners.groups.set(key, number)
    this.#batch.putOf(number, 'groups', numberKey(number), Buffer.from(key))
    return number
  }

  #endOwner(numbers: Map<string, number>, name: string): void {
    const number = numbers.get(name)
    if (number === undefined) return
    numbers.delete(name)
    this.#hasGarbage = true
    this.#batch.endOwner(number)
  }

  /** Calls back when all that was appended so far is in the tables, at once where it is. */
  #whenCommitted(callback: () => void, promises = 0): void {
    const batch = this.#batch.isEmpty && this.#batch.waiting.length === 0 ? this.#committing : this.#batch
    if (batch === null) return callback()
    batch.waiting.push(callback)
    batch.promises += promises
  }

  #schedule(): void {
    if (this.#isScheduled || this.#committing !== null) return
    this.#isScheduled = true
    this.#endOfTurn(() => {
      this.#isScheduled = false
      this.#commitNext()
    })
  }

  #commitNext(): void {
    const batch = this.#batch
    this.#batch = new WriteBatch()
    this.#committing = batch
    this.#parts.root.resetReadTxn()
    const { changes, hasGarbage } = resolveBatch(batch, this.#tables, this.#bodyNumbers, this.#hasGarbage)
    // Only now it is known how much room there is without it.
    if (this.#hasGarbage && !hasGarbage) this.#bytesSinceUsage = USAGE_INTERVAL_BYTES
    this.#hasGarbage = hasGarbage && !this.#isClosing
    this.#commit(batch, changes).catch(this.#parts.onFailed)
  }

  async #commit(batch: WriteBatch, changes: readonly Change[]): Promise<void> {
    await this.#makeRoom(changes)
    if (changes.length > 0) await this.#write(changes)
    this.#committing = null
    const { metrics, settings } = this.#parts
    if (settings.durability !== 'disk' && changes.length > 0) metrics.unsyncedAcknowledgements += batch.promises
    for (const callback of batch.waiting) this.#call(callback)
    if (!this.#batch.isEmpty || this.#batch.waiting.length > 0 || this.#hasGarbage) this.#schedule()
    else if (this.isIdle) this.#onIdle?.()
  }

  /** Resolves when the changes have room, however long that takes. */
  async #makeRoom(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0 && !this.isFull) return
    const { clock } = this.#parts
    const bytes = bytesFor(changes, (table) => pagesOf(this.#tables[table]))
    while (!(await this.#hasRoomFor(bytes)) && changes.length > 0) {
      await new Promise<void>((resolve) => clock.alarm(clock.now() + RETRY_MS, resolve))
    }
  }

  async #hasRoomFor(bytes: number): Promise<boolean> {
    const { room, root } = this.#parts
    const { lastPageNumber, pageSize } = root.getStats() as { lastPageNumber: number; pageSize: number }
    const length = (lastPageNumber + 1) * pageSize
    const hasRoom = await room.reserve(length, bytes, () => length - usedBytes(Object.values(this.#tables) as Table[]))
    this.#setTrouble(room.trouble)
    return hasRoom
  }

  async #write(changes: readonly Change[]): Promise<void> {
    const { clock, metrics, root, onFailed } = this.#parts
    const tables: Readonly<Record<string, Table>> = { ...this.#tables }
    const startedAt = clock.now()
    let bytes = 0
    try {
      await root.batch(() => {
        for (const { table, key, value } of changes) {
          if (value === null) void tables[table]!.remove(key)
          else {
            void tables[table]!.put(key, value)
            bytes += value.length
          }
        }
      })
    } catch (error) {
      return onFailed(await causeOf(error))
    }
    metrics.storeCommits.observe((clock.now() - startedAt) / 1000)
    metrics.storeBatches.observe(changes.length)
    this.#lookAtUsage(bytes + changes.length * CHANGE_BYTES)
  }

  /** One that fails must not keep the others from being called. */
  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#parts.onFault(error)
    }
  }

  #setTrouble(trouble: Error | null): void {
    if ((this.#trouble === null) !== (trouble === null)) this.#parts.onTrouble(trouble)
    this.#trouble = trouble
    this.#lookAgainLater()
  }

  #lookAtUsage(bytes: number): void {
    this.#bytesSinceUsage += bytes
    const isOver = this.#isOverBudget || this.#areQueuesOverBudget
    if (this.#bytesSinceUsage < USAGE_INTERVAL_BYTES && !isOver) return
    this.#bytesSinceUsage = 0
    const { maxDiskUsage: limit, queueShare } = this.#parts.settings
    const { queued, bodies } = this.#tables
    const used = usedBytes(Object.values(this.#tables) as Table[])
    this.queuedBytes = usedBytes([queued, bodies])
    this.#areQueuesOverBudget = this.queuedBytes > (limit * queueShare) / 100
    const wasOverBudget = this.#isOverBudget
    this.#isOverBudget = used > (wasOverBudget ? limit * RESUME_SHARE : limit)
    if (this.#isOverBudget !== wasOverBudget) this.#parts.onBudget(this.#isOverBudget)
    this.#parts.metrics.storeUsedBytes = used
  }

  /** While work is refused nothing may come that would show that there is room again. */
  #lookAgainLater(): void {
    if (this.#trouble === null || this.#isLookingAgain) return
    this.#isLookingAgain = true
    this.#parts.clock.alarm(this.#parts.clock.now() + RETRY_MS, () => {
      this.#isLookingAgain = false
      if (!this.#isClosing) this.#schedule()
    })
  }

  #readPage({ kind, key }: Owner, afterOrder: number, limit: number): StoredDelivery[] {
    const numbers = kind === 'session' ? this.#owners.sessions : this.#owners.groups
    const owner = numbers.get(key)
    if (owner === undefined) return []
    this.#parts.root.resetReadTxn()
    const page: StoredDelivery[] = []
    let bytes = 0
    const start = deliveryKey(owner, afterOrder + 1)
    for (const { key: at, value } of this.#tables.queued.getRange({ start, end: numberKey(owner + 1), limit })) {
      const delivery = readDelivery(this.#tables, at, value)
      if (delivery === undefined) continue
      page.push(delivery)
      bytes += delivery.message.payload.length
      if (bytes > PAGE_BYTES) break
    }
    return page
  }
}

/** Without those of long values. */
function pagesOf(table: Table): number {
  const stats = table.getStats() as Readonly<Record<string, number>>
  return stats['treeBranchPageCount']! + stats['treeLeafPageCount']!
}

/** Pages in use; the file is larger by those that are free to be used again. */
function usedBytes(tables: readonly Table[]): number {
  let bytes = 0
  for (const table of tables) {
    const stats = table.getStats() as Readonly<Record<string, number>>
    const pages = stats['treeBranchPageCount']! + stats['treeLeafPageCount']! + stats['overflowPages']!
    bytes += pages * stats['pageSize']!
  }
  return bytes
}

/** LMDB reports the cause in a promise of its own, whose rejection somebody has to take. */
async function causeOf(error: unknown): Promise<Error> {
  try {
    await (error as { commitError?: Promise<unknown> }).commitError
    return error as Error
  } catch (cause) {
    return cause as Error
  }
}
