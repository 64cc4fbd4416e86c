// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../util/clock.ts'

/** Dropwizard's: 99 % confidence at 5 % error, and so much weight on the last five minutes. */
const SIZE = 1028
const ALPHA_PER_SEC = 0.015

interface Sample {
  readonly value: number
  /** When it came, in seconds. */
  readonly at: number
  readonly priority: number
}

/**
 * A sample of the values that came, younger ones more likely: what Dropwizard's histograms and timers take their quantiles from.
 * Priorities are kept as logarithms, so they never grow out of range and need no rescaling every hour, as Dropwizard's do.
 */
export class DecayingReservoir {
  readonly #clock: Clock
  readonly #random: () => number
  /** A heap: the lowest priority first, which goes when a higher one comes. */
  readonly #heap: Sample[] = []

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  add(value: number): void {
    const at = this.#clock.now() / 1000
    const sample = { value, at, priority: ALPHA_PER_SEC * at - Math.log(1 - this.#random()) }
    const heap = this.#heap
    if (heap.length < SIZE) {
      heap.push(sample)
      this.#siftUp(heap.length - 1)
    } else if (sample.priority > heap[0]!.priority) {
      heap[0] = sample
      this.#siftDown()
    }
  }

  /** For each of the rising `quantiles` the first value whose weight and that of all smaller ones reach it; 0 without values. */
  quantiles(quantiles: readonly number[]): number[] {
    const samples = this.#heap.toSorted((one, other) => one.value - other.value)
    const now = this.#clock.now() / 1000
    const weights = samples.map(({ at }) => Math.exp(ALPHA_PER_SEC * (at - now)))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let index = 0
    let reached = weights[0] ?? 0
    return quantiles.map((quantile) => {
      while (reached < quantile * total && index < samples.length - 1) reached += weights[++index]!
      return samples[index]?.value ?? 0
    })
  }

  #siftUp(from: number): void {
    const heap = this.#heap
    const sample = heap[from]!
    let at = from
    for (let parent = (at - 1) >> 1; at > 0 && heap[parent]!.priority > sample.priority; parent = (at - 1) >> 1) {
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = sample
  }

  #siftDown(): void {
    const heap = this.#heap
    const sample = heap[0]!
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.priority < heap[child]!.priority) child++
      if (heap[child]!.priority >= sample.priority) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = sample
  }
}
