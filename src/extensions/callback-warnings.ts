// SPDX-License-Identifier: Apache-2.0
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import { runAsBroker } from './extension-context.ts'

/** So many lines a minute about each callback: one that fails for every packet would fill the disk with the same words. */
const LINES_PER_PERIOD = 10
const PERIOD_MS = 60_000

interface Period {
  lines: number
  timer: Timer
}

/** What goes wrong in an extension, told for each of its callbacks as often as it helps, and then only how often. */
export class CallbackWarnings {
  readonly #wheel: TimerWheel
  readonly #say: (text: string) => void
  readonly #periods = new Map<string, Period>()

  constructor(wheel: TimerWheel, say: (text: string) => void) {
    this.#wheel = wheel
    this.#say = say
  }

  warn(callbackName: string, text: string): void {
    let period = this.#periods.get(callbackName)
    if (period === undefined) {
      period = { lines: 0, timer: new Timer(() => this.#end(callbackName)) }
      this.#periods.set(callbackName, period)
      const { timer } = period
      runAsBroker(() => this.#wheel.schedule(timer, PERIOD_MS))
    }
    if (++period.lines <= LINES_PER_PERIOD) this.#say(text)
  }

  /** Says what is left to be said. */
  end(): void {
    for (const callbackName of this.#periods.keys()) this.#end(callbackName)
  }

  #end(callbackName: string): void {
    const { lines, timer } = this.#periods.get(callbackName)!
    this.#periods.delete(callbackName)
    this.#wheel.cancel(timer)
    if (lines > LINES_PER_PERIOD) {
      this.#say(`${lines - LINES_PER_PERIOD} more warnings about ${callbackName} within a minute were left out`)
    }
  }
}
