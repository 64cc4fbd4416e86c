// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import { Ring } from '../util/ring.ts'
import type { Delivery } from './delivery.ts'

/** HiveMQ's `queued-messages/strategy`: which message goes when the queue is full. */
export type QueuedMessagesStrategy = 'discard' | 'discard-oldest'

export interface QueueLimits {
  readonly maxQueueSize: number
  readonly strategy: QueuedMessagesStrategy
}

/** Takes what a queue gives up. */
export type Discard = (delivery: Delivery, reason: DropReason) => void

/** Messages that wait for a client, or for a shared group, in the order in which they will be sent. */
export class MessageQueue {
  readonly #limits: QueueLimits
  readonly #fullReason: DropReason
  /** Most sessions never queue anything. */
  #deliveries: Ring<Delivery> | null = null
  /** No message of the queue expires before this moment. */
  #firstExpiry: number = Number.POSITIVE_INFINITY

  constructor(limits: QueueLimits, fullReason: DropReason) {
    this.#limits = limits
    this.#fullReason = fullReason
  }

  get length(): number {
    return this.#deliveries?.length ?? 0
  }

  /**
   * Adds a delivery; false when it was given up instead. What goes is handed to `discard`: expired messages, the oldest one,
   * or the new one itself. Messages in flight count towards the limit, as in HiveMQ; expired ones do not.
   */
  push(delivery: Delivery, inFlight: number, now: number, discard: Discard): boolean {
    if (delivery.message?.isExpired(now) === true) {
      discard(delivery, DropReason.EXPIRED)
      return false
    }
    if (this.#isFull(inFlight) && now >= this.#firstExpiry) this.#discardExpired(now, discard)
    if (this.#isFull(inFlight)) {
      const oldest = this.#limits.strategy === 'discard-oldest' ? this.#deliveries?.shift() : undefined
      discard(oldest ?? delivery, this.#fullReason)
      if (oldest === undefined) return false
    }
    this.pushBack(delivery)
    return true
  }

  /** Takes in what the store has, without asking for the limit. */
  pushBack(delivery: Delivery): void {
    this.#deliveries ??= new Ring()
    this.#deliveries.push(delivery)
    this.#noteExpiry(delivery)
  }

  /** Puts a delivery before all others: it was sent once and came back. The limit does not count here: it was in it. */
  pushFront(delivery: Delivery): void {
    this.#deliveries ??= new Ring()
    this.#deliveries.unshift(delivery)
    this.#noteExpiry(delivery)
  }

  shift(): Delivery | undefined {
    return this.#deliveries?.shift()
  }

  peek(): Delivery | undefined {
    return this.#deliveries?.peek()
  }

  /** Empties the queue and returns what was in it. */
  drain(): Delivery[] {
    const all = this.#deliveries === null ? [] : [...this.#deliveries]
    this.#deliveries = null
    this.#firstExpiry = Number.POSITIVE_INFINITY
    return all
  }

  #noteExpiry(delivery: Delivery): void {
    if (delivery.message !== null) this.#firstExpiry = Math.min(this.#firstExpiry, delivery.message.expiresAt)
  }

  #isFull(inFlight: number): boolean {
    return this.length + inFlight >= this.#limits.maxQueueSize
  }

  #discardExpired(now: number, discard: Discard): void {
    this.#firstExpiry = Number.POSITIVE_INFINITY
    this.#deliveries?.retain((delivery) => {
      const isExpired = delivery.message?.isExpired(now) === true
      if (isExpired) discard(delivery, DropReason.EXPIRED)
      else this.#noteExpiry(delivery)
      return !isExpired
    })
  }
}
