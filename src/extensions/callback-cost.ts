// SPDX-License-Identifier: Apache-2.0
import { BucketHistogram, CALL_SECONDS } from '../metrics/bucket-histogram.ts'
import type { CallbackFault } from './callback-fault.ts'

/** What is faster than this is fast: reading the clock twice is at least a 250th of it. */
const FAST_MS = 0.02
/** After so many fast calls without a slow one not every call is timed. */
const FAST_CALLS = 64
/**
 * Then one of so many is. A decision of an authorizer takes 0.42 µs with all that the broker does for it; if each were timed it
 * would be 0.53, since reading the clock takes 0.04. So it is 0.44.
 */
const CALLS_PER_TIMING = 64

/** What one callback of an extension costs and how it fails, over all generations of the extension. */
export class CallbackCost {
  readonly extensionId: string
  readonly callbackName: string
  /** Stands for it on the board of the event loop; above 0. */
  readonly number: number
  readonly seconds: BucketHistogram = new BucketHistogram(CALL_SECONDS)
  readonly faults: Record<CallbackFault, number> = { error: 0, rejected: 0, timeout: 0, invalid: 0, blocked: 0 }
  #fastInARow = 0
  /** Calls since the last that was timed: the next that is stands for them too. */
  #untimed = 0

  constructor(extensionId: string, callbackName: string, number: number) {
    this.extensionId = extensionId
    this.callbackName = callbackName
    this.number = number
  }

  /** Whether this call is to be timed. */
  isTimed(): boolean {
    if (this.#fastInARow < FAST_CALLS) return true
    if (this.#untimed === CALLS_PER_TIMING - 1) return true
    this.#untimed++
    return false
  }

  /** A call that was not to be timed has given a promise, and next to that reading the clock is nothing. */
  timeAfterAll(): void {
    this.#untimed--
    this.#fastInARow = 0
  }

  /** How long it took until there was an answer. */
  observe(ms: number): void {
    this.seconds.observe(ms / 1000, 1 + this.#untimed)
    this.#untimed = 0
    this.#fastInARow = ms < FAST_MS ? this.#fastInARow + 1 : 0
  }
}
