// SPDX-License-Identifier: Apache-2.0

/** How often values of which size came, in buckets that are fixed beforehand: Prometheus's own kind, which adds up over brokers. */
export class BucketHistogram {
  /** Upper bounds, rising, each part of its bucket. */
  readonly bounds: readonly number[]
  /** One for each bound, and the last for what is above all of them. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  get count(): number {
    let count = 0
    for (const one of this.counts) count += one
    return count
  }

  /** `weight`: for how many values this one stands. */
  observe(value: number, weight = 1): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    this.counts[bucket]! += weight
    this.sum += value * weight
  }
}

/** Seconds, from what memory takes to what a broken disk does. */
export const SECONDS: readonly number[] = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
/** The same from what a function call takes. */
export const CALL_SECONDS: readonly number[] = [0.000_01, ...SECONDS]
/** Counts, by powers of four. */
export const AMOUNTS: readonly number[] = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536]
