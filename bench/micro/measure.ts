// SPDX-License-Identifier: Apache-2.0
import { median } from '../statistics.ts'

const WARM_UP_MS = 200
const SAMPLE_MS = 20
const SAMPLES = 15

/** What one operation took. The best shows what a quieter machine would say. */
export interface Timing {
  readonly nanos: number
  readonly bestNanos: number
}

export interface NamedTiming {
  readonly name: string
  readonly timing: Timing
  /** What it is to stay below. */
  readonly targetNanos?: number
}

/** What operations return ends up here, so that the compiler cannot leave them out. */
let sink = 0

/**
 * Times one of the operations of which `work` does `count` and returns a number that depends on all of them, after the code
 * has been compiled.
 */
export function timeOperation(work: (count: number) => number): Timing {
  let count = 1
  for (let spentMs = 0; spentMs < WARM_UP_MS;) {
    const tookMs = millisOf(() => work(count))
    spentMs += tookMs
    if (tookMs < SAMPLE_MS) count *= 2
  }
  const samples: number[] = []
  for (let i = 0; i < SAMPLES; i++) samples.push(millisOf(() => work(count)) / count)
  return toTiming(samples)
}

/** The same from samples that were taken by other means: milliseconds for one operation. */
export function toTiming(sampleMs: readonly number[]): Timing {
  return { nanos: median(sampleMs) * 1e6, bestNanos: Math.min(...sampleMs) * 1e6 }
}

export function divided({ nanos, bestNanos }: Timing, operations: number): Timing {
  return { nanos: nanos / operations, bestNanos: bestNanos / operations }
}

export function millisOf(work: () => number): number {
  const startMs = performance.now()
  keep(work())
  return performance.now() - startMs
}

function keep(result: number): void {
  if (Number.isNaN((sink += result))) throw new Error('an operation returned what is no number')
}
