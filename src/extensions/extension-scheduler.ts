// SPDX-License-Identifier: Apache-2.0
import type { Awaitable } from '../extension-sdk/callback.ts'
import type { ScheduleOptions, Scheduler } from '../extension-sdk/services.ts'
import { runAsBroker } from './extension-context.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'

type Task = (signal: AbortSignal) => Awaitable<void>

/** The tasks of one extension, on the wheel of all. */
export class ExtensionScheduler implements Scheduler {
  readonly #wheel: TimerWheel
  readonly #signal: AbortSignal
  readonly #runTask: <T>(work: () => T) => T
  readonly #onError: (error: unknown) => void

  /** `run` makes what is done the extension's. */
  constructor(wheel: TimerWheel, signal: AbortSignal, run: <T>(work: () => T) => T, onError: (error: unknown) => void) {
    this.#wheel = wheel
    this.#signal = signal
    this.#runTask = run
    this.#onError = onError
  }

  every(
    periodMs: number,
    task: Task,
    { initialDelayMs = periodMs, mode = 'fixed-delay' }: ScheduleOptions = {},
  ): Disposable {
    if (!(periodMs > 0)) throw new TypeError(`found ${periodMs} milliseconds, expected a positive number`)
    if (mode === 'fixed-delay') return this.#schedule(initialDelayMs, task, () => periodMs)
    if (mode !== 'fixed-rate') throw new TypeError(`found the mode ${String(mode)}, expected fixed-delay or fixed-rate`)
    const firstAt = this.#wheel.now + initialDelayMs
    return this.#schedule(initialDelayMs, task, () => periodMs - ((this.#wheel.now - firstAt) % periodMs))
  }

  after(delayMs: number, task: Task): Disposable {
    return this.#schedule(delayMs, task, null)
  }

  /** `untilNext`: milliseconds from the end of a run to the next; null for a task that runs once. */
  #schedule(delayMs: number, task: Task, untilNext: (() => number) | null): Disposable {
    if (!(delayMs >= 0)) throw new TypeError(`found ${delayMs} milliseconds, expected a positive number`)
    let isEnded = false
    const run = async (): Promise<void> => {
      // One that runs once is forgotten: the signal lives as long as the extension.
      if (untilNext === null) this.#signal.removeEventListener('abort', end)
      await this.#run(task)
      if (untilNext !== null && !isEnded) this.#wheel.schedule(timer, untilNext())
    }
    const timer = new Timer(() => void run())
    const end = (): void => {
      isEnded = true
      this.#wheel.cancel(timer)
      this.#signal.removeEventListener('abort', end)
    }
    if (this.#signal.aborted) isEnded = true
    else {
      runAsBroker(() => this.#wheel.schedule(timer, delayMs))
      this.#signal.addEventListener('abort', end)
    }
    return { [Symbol.dispose]: end }
  }

  async #run(task: Task): Promise<void> {
    try {
      await this.#runTask(() => task(this.#signal))
    } catch (error) {
      if (!this.#signal.aborted) this.#onError(error)
    }
  }
}
