// SPDX-License-Identifier: Apache-2.0
import type { Session, SessionWill } from '../session/session.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../util/clock.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import type { Message } from '../session/message.ts'

/**
 * Wills of connected clients, and of those that went without DISCONNECT until their delay has passed. A will is published at
 * most once [MQTT-3.1.2-10] [MQTT4-3.1.2-10].
 */
export class Wills {
  readonly #store: Store
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #metrics: Metrics
  readonly #publish: (message: Message, publisher: Session | null) => void

  constructor(
    store: Store,
    clock: Clock,
    wheel: TimerWheel,
    metrics: Metrics,
    publish: (message: Message, publisher: Session | null) => void,
  ) {
    this.#store = store
    this.#clock = clock
    this.#wheel = wheel
    this.#metrics = metrics
    this.#publish = publish
  }

  /** A client connected: its new will, if any, takes the place of what an earlier connection left [MQTT-3.1.3-9]. */
  replace(session: Session, will: SessionWill | null): void {
    this.cancel(session)
    if (will === null) return
    this.#set(session, will) // [MQTT-3.1.2-7]
    const { message, delaySec } = will
    this.#store.append({
      type: 'will-set',
      clientId: session.clientId,
      will: { message: message.stored(this.#clock), delaySec },
    })
  }

  /** Takes over what the store has. */
  restore(session: Session, will: SessionWill): void {
    this.#set(session, will)
  }

  /** The client said goodbye [MQTT-3.14.4-3] [MQTT4-3.14.4-3], or is back before the delay has passed. */
  cancel(session: Session): void {
    if (session.will === null) return
    if (session.willTimer !== null) this.#wheel.cancel(session.willTimer)
    session.will = null
    this.#metrics.wills--
    session.willTimer = null
    this.#store.append({ type: 'will-done', clientId: session.clientId })
  }

  /** The connection ended in any other way: the will is published after its delay [MQTT-3.1.2-8] [MQTT4-3.1.2-8]. */
  connectionLost(session: Session, sinceMs = 0): void {
    const { will } = session
    if (will === null) return // [MQTT4-3.1.2-12]
    const delayMs = will.delaySec * 1000 - sinceMs
    if (delayMs <= 0) return this.publish(session)
    session.willTimer = new Timer(() => this.publish(session))
    this.#wheel.schedule(session.willTimer, delayMs)
  }

  /** Publishes the will now, if there is one: its delay has passed, or the session ends, which comes first (spec 3.1.3.2.2). */
  publish(session: Session): void {
    const { will } = session
    if (will === null) return
    this.cancel(session)
    // Its expiry interval starts with its publication.
    this.#metrics.willsPublished++
    this.#publish(will.message.republishedAt(this.#clock.now()), session)
  }

  /** Publishes the will of a client whose session ended with a crash of the broker. */
  publishOrphan(clientId: string, will: Message): void {
    this.#store.append({ type: 'will-done', clientId })
    this.#metrics.willsPublished++
    this.#publish(will.republishedAt(this.#clock.now()), null)
  }

  #set(session: Session, will: SessionWill): void {
    session.will = will
    this.#metrics.wills++
  }
}
