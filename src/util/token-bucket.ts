// SPDX-License-Identifier: Apache-2.0

/**
 * A rate with room for bursts: tokens come back evenly, up to a number. Who takes more than there are owes them, and waits
 * until they are paid: so a rate is kept although nobody knows beforehand how much will come at once, and of several who
 * share a bucket each waits for its own part.
 */
export class TokenBucket {
  readonly #perMs: number
  readonly #capacity: number
  #tokens: number
  #at: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#capacity = Math.max(burst, 1)
    this.#tokens = this.#capacity
    this.#at = now
  }

  /** Takes so many, there or not. Returns the milliseconds until the debt is paid; 0 without one. */
  take(count: number, now: number): number {
    this.#refill(now)
    this.#tokens -= count
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs
  }

  /** Takes so many if they are there. */
  tryTake(count: number, now: number): boolean {
    this.#refill(now)
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }

  #refill(now: number): void {
    if (now <= this.#at) return
    this.#tokens = Math.min(this.#tokens + (now - this.#at) * this.#perMs, this.#capacity)
    this.#at = now
  }
}
