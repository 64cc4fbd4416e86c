// SPDX-License-Identifier: Apache-2.0

/** Something with output to send at the end of the turn. */
export interface Flushable {
  flush(): void
}

/**
 * Links that were written to in this turn of the event loop. They are flushed in its check phase, after all input that was
 * ready has been handled: one write for each, however many packets it got.
 */
export class FlushQueue {
  #touched: Flushable[] = []
  #isScheduled = false
  readonly #schedule: (flush: () => void) => void

  /** `schedule` calls back at the end of the turn. */
  constructor(schedule: (flush: () => void) => void = setImmediate) {
    this.#schedule = schedule
  }

  add(link: Flushable): void {
    this.#touched.push(link)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#schedule(this.#flushAll)
  }

  readonly #flushAll = (): void => {
    const touched = this.#touched
    this.#touched = []
    this.#isScheduled = false
    for (const link of touched) link.flush()
  }
}
