// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import { Ring } from '../util/ring.ts'
import type { Delivery } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import { sizeClassOf } from './queue-sizes.ts'
import type { Session } from './session.ts'
import type { SharedGroup } from './shared-group.ts'

// A queue begins in memory and goes on in the store:
//
//   head                 [12][13][14]                    what is sent next
//   in the store alone               15 … 1 000 000      as many as the limit allows: they cost disk, not memory
//   new ones                                        ◀──  to the end: into the head only while nothing lies behind it
//
// When the head runs low the next page is read, which takes as long as the store takes. Of a client that is away no head is
// kept. What the store does not know (sessions that end with their connection) is all head.

/** HiveMQ's `queued-messages/strategy`: which message goes when the queue is full. */
export type QueuedMessagesStrategy = 'discard' | 'discard-oldest'

export interface QueueLimits {
  readonly maxQueueSize: number
  readonly strategy: QueuedMessagesStrategy
}

/** So many deliveries are read at once: some milliseconds' worth of a fast client. */
const PAGE_SIZE = 200
/**
 * At least so many where the client is away, and no more than have to go: what else is read stays in memory until it comes back. One
 * at a time would be a look at the store for each message that goes.
 */
const AWAY_PAGE_SIZE = 16
/** The next page is asked for when the head is as short as this, or half a page where messages are so large that it had fewer. */
const LOW_WATER = 100
/** While the budget is used up, more goes than comes, so that it does not stay so. */
const GIVEN_UP_SHARE = 1.125
/** Topics of the broker's own messages, among them copies of those that were dropped. */
const DOLLAR = '$'
/** The longest head of a queue that the store has too: HiveMQ's limit for the whole queue. */
const MAX_HEAD = 1000

/** Messages that wait for a client, or for a shared group, in the order in which they will be sent. */
export class MessageQueue {
  readonly #limits: QueueLimits
  /** Of this queue alone, in place of the configured one. */
  ownLimit: number | undefined = undefined
  readonly #fullReason: DropReason
  readonly #ledger: Ledger
  readonly #owner: Session | SharedGroup
  /** Most sessions never queue anything. */
  #head: Ring<Delivery> | null = null
  /** How many come behind the head, in the store alone. */
  #rest = 0
  /** Those behind the head come after this order. */
  #headEnd = 0
  /** No message of the queue expires before this moment. */
  #firstExpiry: number = Number.POSITIVE_INFINITY
  /** The store was asked for a page. A page that comes when the queue has been unloaded or cleared meanwhile is stale. */
  #isReading = false
  #reading = 0
  #lowWater = LOW_WATER
  /** Of the oldest so many must go, but they are not in memory yet. */
  #overdue = 0
  /** The same in bytes, for the sake of the budget of all queues. */
  #overdueBytes = 0
  /** What of `Metrics.queuedBytes` is this queue's. */
  #bytes = 0
  /** Up to this order deliveries are an earlier broker's, whose sizes are not known until they are read: they are not weighed. */
  #restoredEnd = 0
  /** How many of those there are. */
  #restored = 0
  /** As which it stands in the ledger's `QueueSizes`. */
  #sizeClass = 0

  constructor(limits: QueueLimits, fullReason: DropReason, ledger: Ledger, owner: Session | SharedGroup) {
    this.#limits = limits
    this.#fullReason = fullReason
    this.#ledger = ledger
    this.#owner = owner
  }

  get length(): number {
    return this.#headLength + this.#rest
  }

  /** The store has some of it that memory has not. */
  get isPartlyStored(): boolean {
    return this.#rest > 0
  }

  get #headLength(): number {
    return this.#head?.length ?? 0
  }

  /**
   * Takes a delivery on, or gives one up: the new one if it is expired, and where the queue is full, the new or the oldest
   * one. Messages in flight count towards the limit, as in HiveMQ; expired ones do not.
   */
  push(delivery: Delivery, inFlight: number): void {
    const { now } = this.#ledger
    if (delivery.message!.isExpired(now)) return this.#giveUp(delivery, DropReason.EXPIRED)
    if (this.#isFull(inFlight) && now >= this.#firstExpiry) this.#discardExpired()
    // While the store is searched for expired ones it is not known how full the queue is.
    if (this.#isFull(inFlight) && !this.#isReading && !this.#discardOldest()) {
      return this.#giveUp(delivery, this.#fullReason)
    }
    if (this.#ledger.areQueuesOverBudget && this.#owner.isStored && !this.#keepToBudget(delivery)) {
      return this.#giveUp(delivery, DropReason.QUEUE_BUDGET)
    }
    this.#ledger.queued(delivery, this.#owner)
    this.#entered(delivery)
    this.#firstExpiry = Math.min(this.#firstExpiry, delivery.message!.expiresAt)
    if (this.#belongsIntoHead(delivery)) {
      this.#head ??= new Ring()
      this.#head.push(delivery)
      this.#headEnd = delivery.order
    } else {
      // A group's messages in flight are the store's too, and come before.
      if (this.#rest === 0) this.#headEnd = delivery.order - 1
      this.#rest++
    }
  }

  /** Puts a delivery before all others: it was sent once and came back. The limit does not count here: it was in it. */
  pushFront(delivery: Delivery): void {
    this.#head ??= new Ring()
    this.#head.unshift(delivery)
    this.#entered(delivery)
    this.#firstExpiry = Math.min(this.#firstExpiry, delivery.message!.expiresAt)
  }

  /** Undefined when the queue is empty, and while its next page is being read: then the owner is called when it is there. */
  shift(): Delivery | undefined {
    this.#readAhead()
    const delivery = this.#head?.shift()
    if (delivery === undefined) return undefined
    this.#left(delivery)
    // What is sent need not be given up any more.
    if (this.#overdueBytes > 0) this.#pay(delivery)
    return delivery
  }

  /** What `shift` would take. */
  peek(): Delivery | undefined {
    this.#readAhead()
    return this.#head?.peek()
  }

  /** Takes over what the store has from before the broker was started; `after` is the order behind which it begins. */
  restore(length: number, after: number): void {
    this.#rest = length
    this.#headEnd = after
    this.#ledger.metrics.queued += length
    this.#ledger.metrics.owedByRestart += length
    this.#restoredEnd = this.#owner.nextOrder - 1
    this.#restored = length
    this.#resized()
    // Not known without reading it all, which is done when it matters.
    this.#firstExpiry = Number.NEGATIVE_INFINITY
  }

  /** The client is gone: what the store has need not be in memory. */
  unload(): void {
    if (this.#head === null || this.#headLength === 0) return
    for (const { isStored } of this.#head) if (!isStored) return
    this.#rest += this.#headLength
    this.#headEnd = this.#head.peek()!.order - 1
    this.#head = null
    this.#abandonReading()
  }

  /** Gives up what has expired, if there may be anything; true when it had to be searched for. */
  discardExpired(): boolean {
    if (this.#ledger.now < this.#firstExpiry || this.#isReading) return false
    this.#discardExpired()
    return true
  }

  /** Gives up so many bytes of the oldest messages, as soon as they are in memory. */
  giveUpOldest(bytes: number): void {
    if (this.length === 0) return
    this.#overdueBytes += bytes
    this.#discardOverdue()
  }

  /** Gives up all of it. */
  clear(reason: DropReason): void {
    const { metrics } = this.#ledger
    this.#ledger.count(reason, this.length)
    metrics.queued -= this.length
    metrics.queuedBytes -= this.#bytes
    this.#bytes = 0
    this.#head = null
    this.#rest = 0
    this.#overdue = 0
    this.#overdueBytes = 0
    this.#restored = 0
    this.#firstExpiry = Number.POSITIVE_INFINITY
    this.#abandonReading()
    this.#resized()
  }

  #belongsIntoHead({ isStored }: Delivery): boolean {
    if (!isStored) return true
    return this.#rest === 0 && this.#owner.isOnline && this.#headLength < MAX_HEAD
  }

  #isFull(inFlight: number): boolean {
    return this.length - this.#overdue + inFlight >= (this.ownLimit ?? this.#limits.maxQueueSize)
  }

  /** False when nothing is there that could go instead of the new one. */
  #discardOldest(): boolean {
    if (this.#limits.strategy !== 'discard-oldest' || this.length === this.#overdue) return false
    this.#overdue++
    this.#discardOverdue()
    return true
  }

  #discardOverdue(): void {
    while (this.#headLength > 0 && (this.#overdue > 0 || this.#overdueBytes > 0)) {
      const delivery = this.#head!.shift()!
      this.#left(delivery)
      const reason = this.#overdue > 0 ? this.#fullReason : DropReason.QUEUE_BUDGET
      if (this.#overdue > 0) this.#overdue--
      this.#pay(delivery)
      this.#giveUp(delivery, delivery.message!.isExpired(this.#ledger.now) ? DropReason.EXPIRED : reason)
    }
    if (this.#overdue > 0 || this.#overdueBytes > 0) this.#readAhead()
  }

  #pay({ message }: Delivery): void {
    this.#overdueBytes = this.length === 0 ? 0 : Math.max(this.#overdueBytes - message!.bytes, 0)
  }

  /**
   * Queues together have more than they may. The largest pays, so that one that nobody empties takes nothing from the others;
   * this one if all are small, and for copies of dropped messages, which would have others drop more. False when it is the
   * new message that has to go.
   */
  #keepToBudget({ message }: Delivery): boolean {
    const { queueSizes } = this.#ledger
    const isCopy = message!.topicName.startsWith(DOLLAR)
    if (this.#limits.strategy === 'discard') return !isCopy && !queueSizes.isAmongLargest(this.#sizeClass)
    const payer = (isCopy ? null : queueSizes.largest()) ?? this
    payer.giveUpOldest(message!.bytes * GIVEN_UP_SHARE)
    return true
  }

  #discardExpired(): void {
    if (this.#isReading) return
    const { now } = this.#ledger
    this.#firstExpiry = Number.POSITIVE_INFINITY
    this.#head?.retain((delivery) => !this.#discardIfExpired(delivery, now))
    if (this.#rest > 0) this.#discardExpiredInStore(this.#headEnd, now)
  }

  #discardExpiredInStore(after: number, now: number): void {
    this.#read(after, PAGE_SIZE, (page) => {
      for (const delivery of page) if (this.#discardIfExpired(delivery, now)) this.#rest--
      if (page.length > 0) this.#discardExpiredInStore(page.at(-1)!.order, now)
    })
  }

  #discardIfExpired(delivery: Delivery, now: number): boolean {
    const message = delivery.message!
    if (message.isExpired(now)) {
      this.#left(delivery)
      this.#giveUp(delivery, DropReason.EXPIRED)
      return true
    }
    this.#firstExpiry = Math.min(this.#firstExpiry, message.expiresAt)
    return false
  }

  #readAhead(): void {
    if (this.#rest === 0 || this.#isReading || this.#headLength > this.#lowWater) return
    const known = this.#rest
    const pageSize = this.#owner.isOnline ? PAGE_SIZE : this.#awayPageSize
    this.#read(this.#headEnd, pageSize, (page) => {
      // A store that has no more than this has lost some of those that were counted; they are not waited for.
      const lost = page.length === 0 ? known : 0
      this.#rest -= page.length + lost
      this.#ledger.metrics.queued -= lost
      this.#ledger.count(DropReason.STORE_LOST, lost)
      this.#restored = Math.max(this.#restored - lost, 0)
      this.#head ??= new Ring()
      for (const delivery of page) this.#head.push(delivery)
      this.#headEnd = page.at(-1)?.order ?? this.#headEnd
      this.#lowWater = Math.min(LOW_WATER, page.length >> 1)
      this.#discardOverdue()
    })
  }

  /** All that is overdue, by the mean of those whose size is known: one commit may be all the time there is for it. */
  get #awayPageSize(): number {
    const meanBytes = this.#bytes / (this.length - this.#restored)
    const overdue = Math.ceil(this.#overdue + this.#overdueBytes / meanBytes)
    return overdue < PAGE_SIZE ? Math.max(overdue, AWAY_PAGE_SIZE) : PAGE_SIZE
  }

  #read(after: number, pageSize: number, onPage: (page: Delivery[]) => void): void {
    this.#isReading = true
    const reading = ++this.#reading
    this.#ledger.readQueue(this.#owner, after, pageSize, (page) => {
      if (reading !== this.#reading) return
      this.#isReading = false
      onPage(page)
      if (!this.#isReading) this.#owner.callForMore()
    })
  }

  #abandonReading(): void {
    this.#isReading = false
    this.#reading++
  }

  #entered(delivery: Delivery): void {
    const { metrics } = this.#ledger
    metrics.queued++
    const bytes = this.#weigh(delivery)
    metrics.queuedBytes += bytes
    this.#bytes += bytes
    if (delivery.order <= this.#restoredEnd) this.#restored++
    this.#resized()
  }

  #left(delivery: Delivery): void {
    const { metrics } = this.#ledger
    metrics.queued--
    const bytes = this.#weigh(delivery)
    metrics.queuedBytes -= bytes
    this.#bytes -= bytes
    if (delivery.order <= this.#restoredEnd) this.#restored--
    this.#resized()
  }

  #resized(): void {
    const { queueSizes } = this.#ledger
    const sizeClass = this.#owner.isStored ? sizeClassOf(this.#bytes + this.#restored * queueSizes.restoredBytes) : 0
    if (sizeClass === this.#sizeClass) return
    queueSizes.move(this, this.#sizeClass, sizeClass)
    this.#sizeClass = sizeClass
  }

  #weigh({ order, message }: Delivery): number {
    return order > this.#restoredEnd ? message!.bytes : 0
  }

  #giveUp(delivery: Delivery, reason: DropReason): void {
    this.#ledger.discard(delivery, this.#owner.isSharedGroup ? null : this.#owner, reason)
  }
}
