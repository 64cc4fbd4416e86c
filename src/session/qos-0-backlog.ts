// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import { Ring } from '../util/ring.ts'
import { Delivery } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import type { Message } from './message.ts'
import type { SharedGroup } from './shared-group.ts'

/** QoS 0 that may wait for a client or a group, HiveMQ's limit per client; above it QoS 0 is dropped. */
export const MAX_QUEUED_QOS_0_BYTES: number = 5 * 1024 * 1024
/** What a waiting message takes beside its bytes: without it there would be no limit for empty ones. */
const BYTES_PER_MESSAGE = 200

/**
 * QoS 0 messages that wait for a shared group without members. They stand beside its queue, not in it: the limit of the queue
 * is for QoS 1 and 2, and a burst of QoS 0 must not push out what was acknowledged. They are never stored (HiveMQ).
 */
export class QoS0Backlog {
  readonly #group: SharedGroup
  readonly #waiting = new Ring<Delivery>(1)
  #bytes = 0
  readonly #ledger: Ledger

  constructor(group: SharedGroup, ledger: Ledger) {
    this.#group = group
    this.#ledger = ledger
  }

  get length(): number {
    return this.#waiting.length
  }

  /** False when there is no room for it. */
  push(message: Message): boolean {
    const size = sizeOf(message)
    if (this.#bytes + size > MAX_QUEUED_QOS_0_BYTES) return false
    this.#bytes += size
    this.#count(1, message.bytes)
    // It may wait for long: it must not hold on to memory that others use for a moment.
    this.#waiting.push(new Delivery(message.compact(), 0, message.retain, [], this.#group))
    return true
  }

  peek(): Delivery | undefined {
    return this.#waiting.peek()
  }

  shift(): Delivery | undefined {
    const delivery = this.#waiting.shift()
    if (delivery !== undefined) {
      const message = delivery.message!
      this.#bytes -= sizeOf(message)
      this.#count(-1, -message.bytes)
    }
    return delivery
  }

  /** The group has ended. */
  clear(): void {
    const { length } = this
    this.#ledger.count(DropReason.GROUP_ENDED, length)
    this.#count(-length, length * BYTES_PER_MESSAGE - this.#bytes)
    this.#waiting.clear()
    this.#bytes = 0
  }

  #count(messages: number, bytes: number): void {
    const { metrics } = this.#ledger
    metrics.queued += messages
    metrics.queuedBytes += bytes
  }
}

function sizeOf(message: Message): number {
  return message.bytes + BYTES_PER_MESSAGE
}
