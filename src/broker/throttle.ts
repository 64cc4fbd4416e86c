// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from '../metrics/metrics.ts'
import type { TokenBucket } from '../util/token-bucket.ts'

/** What one client, or one listener, may send. Null for no limit. */
export interface RateLimits {
  readonly messages: TokenBucket | null
  readonly bytes: TokenBucket | null
  readonly connects: TokenBucket | null
}

interface ThrottleParts {
  /** False: what is above a limit is counted, and that is all. The bandwidth of all clients is always enforced. */
  readonly isEnforced: boolean
  /** All clients together. */
  readonly bandwidth: TokenBucket | null
  readonly client: RateLimits
  readonly listener: RateLimits
  readonly metrics: Metrics
}

/** The limits that hold for one connection. What comes is always taken; who sent too much is not read for a while. */
export class Throttle {
  readonly #parts: ThrottleParts

  constructor(parts: ThrottleParts) {
    this.#parts = parts
  }

  /** Bytes have come. Returns for how many milliseconds no more should. */
  onBytes(length: number, now: number): number {
    const { bandwidth, client, listener, metrics } = this.#parts
    const all = bandwidth === null ? 0 : bandwidth.take(length, now)
    if (all > 0) metrics.throttledByBandwidth++
    return Math.max(all, this.#waitOf(client.bytes, listener.bytes, length, now))
  }

  /** The same for a PUBLISH. */
  onPublish(now: number): number {
    const { client, listener } = this.#parts
    return this.#waitOf(client.messages, listener.messages, 1, now)
  }

  /** Whether a CONNECT is let in. */
  admits(now: number): boolean {
    const { listener, metrics, isEnforced } = this.#parts
    if (listener.connects === null || listener.connects.tryTake(1, now)) return true
    metrics.connectsAboveRate++
    return !isEnforced
  }

  #waitOf(ofClient: TokenBucket | null, ofListener: TokenBucket | null, count: number, now: number): number {
    const { metrics, isEnforced } = this.#parts
    const client = ofClient === null ? 0 : waitFor(ofClient, count, now, isEnforced)
    if (client > 0) metrics.throttledClients++
    const listener = ofListener === null ? 0 : waitFor(ofListener, count, now, isEnforced)
    if (listener > 0) metrics.throttledListeners++
    return isEnforced ? Math.max(client, listener) : 0
  }
}

/** Where limits are only counted nobody pays a debt, so none is made. */
function waitFor(bucket: TokenBucket, count: number, now: number, isEnforced: boolean): number {
  if (isEnforced) return bucket.take(count, now)
  return bucket.tryTake(count, now) ? 0 : 1
}
