// SPDX-License-Identifier: Apache-2.0
import type { MessageQueue } from './message-queue.ts'

/** Smaller queues are never looked for: there is next to nothing to be had from them. */
const SMALLEST_BYTES = 64 * 1024
/** Classes double: a queue within three of the largest one has more than an eighth of what that has. */
const AMONG_LARGEST = 3

/**
 * Finds a queue that is as large as any, or at least half as large, without a look at the others: queues stand by their size in
 * powers of two, and only one that has doubled or halved moves. An exact order would cost something for each message.
 */
export class QueueSizes {
  /** What a delivery of an earlier broker is taken for until it is read: those have a mean, but no sizes. */
  restoredBytes = 0
  readonly #classes: (Set<MessageQueue> | undefined)[] = []

  /** A queue has passed from one class to another; 0 is for those that are not kept here. */
  move(queue: MessageQueue, from: number, to: number): void {
    this.#classes[from]?.delete(queue)
    if (to > 0) (this.#classes[to] ??= new Set()).add(queue)
  }

  /** Null when all are small. */
  largest(): MessageQueue | null {
    for (const queue of this.#classes[this.#top] ?? []) return queue
    return null
  }

  isAmongLargest(sizeClass: number): boolean {
    return sizeClass >= this.#top - AMONG_LARGEST
  }

  get #top(): number {
    let top = this.#classes.length - 1
    while (top > 0 && (this.#classes[top]?.size ?? 0) === 0) top--
    return Math.max(top, 0)
  }
}

export function sizeClassOf(bytes: number): number {
  return 32 - Math.clz32(bytes / SMALLEST_BYTES)
}
