// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../session/ledger.ts'
import type { MessageQueue } from '../session/message-queue.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'

/** HiveMQ's INTERVAL_BETWEEN_CLEANUP_JOBS_SEC. */
const INTERVAL_MS = 4_000
/** Searching a queue may mean reading all of it from the store; so many are searched at a time. */
const QUEUES_PER_SWEEP = 50

/**
 * Looks for expired messages in queues from time to time. Nothing needs that but who wants to hear of them: without it they
 * are found when their turn comes, or when the queue is full.
 */
export class ExpirySweep {
  readonly #ledger: Ledger
  readonly #wheel: TimerWheel
  readonly #queues: () => Iterator<MessageQueue>
  /** Goes on where the last sweep ended, so that no queue waits for ever behind busy ones. */
  #round: Iterator<MessageQueue> | null = null
  readonly #timer = new Timer(() => this.#sweep())

  constructor(ledger: Ledger, wheel: TimerWheel, queues: () => Iterator<MessageQueue>) {
    this.#ledger = ledger
    this.#wheel = wheel
    this.#queues = queues
  }

  set isOn(isOn: boolean) {
    if (!isOn) this.#wheel.cancel(this.#timer)
    else if (!this.#timer.isScheduled) this.#wheel.schedule(this.#timer, INTERVAL_MS)
  }

  #sweep(): void {
    this.#ledger.now = this.#ledger.clock.now()
    this.#round ??= this.#queues()
    for (let searched = 0; searched < QUEUES_PER_SWEEP;) {
      const { value: queue, done } = this.#round.next()
      if (done === true) {
        this.#round = null
        break
      }
      if (queue.discardExpired()) searched++
    }
    this.#wheel.schedule(this.#timer, INTERVAL_MS)
  }
}
