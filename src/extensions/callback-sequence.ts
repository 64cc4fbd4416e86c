// SPDX-License-Identifier: Apache-2.0
import type { TimerWheel } from '../util/timer-wheel.ts'
import type { Awaitable } from '../extension-sdk/callback.ts'
import { ask, type NoAnswer, type PendingCall } from './ask.ts'
import type { CallbackEvent } from './client-event.ts'
import type { Registration } from './running-extension.ts'

interface Waiting {
  readonly isNotice: boolean
  begin(): void
}

/**
 * Callbacks about one client, which never overlap. What one answers at once is passed on at once; only while one thinks, others
 * wait. They are few: while an extension thinks about a packet the next ones of the client stay in the frame reader.
 */
export class CallbackSequence {
  readonly #wheel: TimerWheel
  #pending: PendingCall | null = null
  #isPendingNotice = false
  #waiting: Waiting[] = []

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel
  }

  /** Asks one extension. A notice goes on when the client is gone; nobody waits for what comes of it. */
  ask<T>(
    registration: Registration<object>,
    callbackName: string,
    event: CallbackEvent,
    callback: () => Awaitable<T>,
    onAnswer: (answer: T | NoAnswer) => void,
    isNotice = false,
  ): void {
    if (this.#pending !== null) {
      const begin = (): void => this.ask(registration, callbackName, event, callback, onAnswer, isNotice)
      this.#waiting.push({ isNotice, begin })
      return
    }
    const pending = ask(this.#wheel, registration, callbackName, event, callback, (answer) => {
      const wasPending = this.#pending !== null
      this.#pending = null
      onAnswer(answer)
      if (wasPending) this.#proceed()
    })
    // What answered at once may have led to the next question, which is pending now.
    if (pending === null) return
    this.#pending = pending
    this.#isPendingNotice = isNotice
  }

  /** The client is gone. */
  end(): void {
    this.#waiting = this.#waiting.filter(({ isNotice }) => isNotice)
    if (this.#pending === null || this.#isPendingNotice) return
    this.#pending.abort('The client is gone')
    this.#pending = null
    this.#proceed()
  }

  #proceed(): void {
    while (this.#pending === null && this.#waiting.length > 0) this.#waiting.shift()!.begin()
  }
}
