// SPDX-License-Identifier: Apache-2.0

/** Time as the broker sees it. Nothing else in the broker reads a clock or sets a timer, so that tests can own time. */
export interface Clock {
  /** Milliseconds on a scale that never jumps; its origin means nothing. */
  now(): number
  /** Names that scale: moments of two scales with different epochs cannot be compared. */
  readonly epoch: number
  /** Milliseconds since 1970, for what must outlive this process or be shown to people. */
  wallTime(): number
  /** Calls `wake` once, not before `now()` has reached `atMs`. Returns what takes the alarm back. */
  alarm(atMs: number, wake: () => void): () => void
}

/** setTimeout counts in 31 bits of milliseconds; a longer alarm wakes early and is set again by the timer wheel. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  epoch: Math.floor(Math.random() * 2 ** 32),
  wallTime: () => Date.now(),
  alarm(atMs, wake) {
    const delayMs = Math.ceil(atMs - performance.now())
    const timeout = setTimeout(wake, Math.min(Math.max(delayMs, 1), LONGEST_TIMEOUT_MS))
    return () => clearTimeout(timeout)
  },
}
