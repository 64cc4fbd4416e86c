// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../src/util/clock.ts'

interface Alarm {
  readonly atMs: number
  readonly wake: () => void
}

let epochs = 0

/** Time that passes when the test says so. */
export class FakeClock implements Clock {
  readonly epoch: number = epochs++
  #now = 1_000_000
  #wallTime = Date.UTC(2026, 0, 1)
  readonly #alarms = new Set<Alarm>()

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#wallTime
  }

  alarm(atMs: number, wake: () => void): () => void {
    const alarm = { atMs, wake }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Lets time pass, alarm by alarm in their order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(); next !== undefined && next.atMs <= end; next = this.#next()) {
      this.#alarms.delete(next)
      this.#moveTo(Math.max(next.atMs, this.#now))
      next.wake()
    }
    this.#moveTo(end)
  }

  /** Somebody sets the computer's clock. */
  shiftWallTime(ms: number): void {
    this.#wallTime += ms
  }

  get alarms(): number {
    return this.#alarms.size
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined
    for (const alarm of this.#alarms) if (next === undefined || alarm.atMs < next.atMs) next = alarm
    return next
  }

  #moveTo(now: number): void {
    this.#wallTime += now - this.#now
    this.#now = now
  }
}
