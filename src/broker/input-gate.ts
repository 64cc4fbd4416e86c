// SPDX-License-Identifier: Apache-2.0
import { Timer } from '../util/timer-wheel.ts'
import type { Connection } from './connection.ts'
import { ConnectionState } from './connection-state.ts'
import type { Throttle } from './throttle.ts'

/**
 * Answers that a client does not read pile up, up to here; then its own packets are not read any more. It lies above what
 * QoS 0 may fill, so only answers can reach it.
 */
const PAUSE_READING_BYTES = 6 * 1024 * 1024
/** What a client may send on while its packets wait, as far as it is read then; more of it is not. */
const MAX_HELD_BYTES = 64 * 1024

/** Why a client is not read although nothing of it is in progress. */
const Brake = {
  /** It has sent more than it may for now. */
  THROTTLE: 1,
  /** Memory is short, and it is one of those who send most. */
  MEMORY: 2,
} as const
type Brake = (typeof Brake)[keyof typeof Brake]

/** Whether the packets of one client are handled now, and whether more of them are read. */
export class InputGate {
  readonly #connection: Connection
  /** A packet is in progress: for the store, for extensions. Those behind it wait. */
  #isHeld = false
  /** Of `Brake`; its packets wait for all of them too. */
  #brakes = 0
  #isReading = true
  /** It is read although its packets wait, up to what comes next: only to see that it lives. */
  #isListening = false
  /** How fast the client may send; null for no limit. */
  readonly throttle: Throttle | null
  #throttleTimer: Timer | null = null
  #throttledUntil = 0

  constructor(connection: Connection, throttle: Throttle | null) {
    this.#connection = connection
    this.throttle = throttle
  }

  /** Its packets wait, whatever for. */
  get isShut(): boolean {
    return this.#isHeld || this.#brakes !== 0
  }

  /** The client is made to wait for what it has asked for itself: nothing more is read from it now. */
  get isHeldBack(): boolean {
    return this.#isHeld || this.#isUnread
  }

  /**
   * Whether that nothing has come from the client is the broker's doing, which did not read. From here on it listens, as far as
   * there is room for what comes, so that the next silence is the client's own.
   */
  excusesSilence(): boolean {
    if (this.#isReading || !this.isShut) return false
    if (this.#isUnread || this.#connection.reader.heldBytes > MAX_HELD_BYTES) return true
    this.#read(true)
    return true
  }

  /** Bytes have been handled, or wait. */
  countBytes(length: number): void {
    const { reader, receivedAt } = this.#connection
    if (this.throttle !== null) this.#slowDown(this.throttle.onBytes(length, receivedAt))
    if (this.#isListening || this.#isUnread || (this.#isHeld && reader.heldBytes > MAX_HELD_BYTES)) this.#stopReading()
  }

  /** A PUBLISH has been handled. */
  countPublish(): void {
    if (this.throttle !== null) this.#slowDown(this.throttle.onPublish(this.#connection.receivedAt))
  }

  /** Answers have gone: there may be room for those to what is read next. */
  onOutputGone(): void {
    if (!this.isShut && !this.#isUnread) this.#read()
  }

  /** Handles no further packet of the client until `release`. */
  hold(): void {
    this.#isHeld = true
    this.#connection.reader.pause()
    this.#stopReading()
  }

  /** The same, but reads on, up to a cap: only so the end of the client's side is seen, and that it lives. */
  holdPackets(): void {
    this.#isHeld = true
    this.#connection.reader.pause()
  }

  release(): void {
    this.#connection.broker.tick()
    this.#isHeld = false
    this.#readOn()
  }

  /** Goes on with the packet for which packets were held. What comes of it may wait in turn, for the store for one. */
  releaseAfter(step: () => void): void {
    this.#isHeld = false
    step()
    if (!(this.#isHeld as boolean)) this.release()
  }

  /** Takes nothing more from the client until `resumeAfterPause`. */
  pauseForMemory(): void {
    this.#brake(Brake.MEMORY)
  }

  resumeAfterPause(): void {
    if (this.#connection.state !== ConnectionState.CLOSED) this.#free(Brake.MEMORY)
  }

  /** The connection has ended. What was held is thrown away, but the end of the client's side has to be seen. */
  end(): void {
    const { broker } = this.#connection
    if (this.isShut) this.#read()
    if (this.#throttleTimer !== null) broker.wheel.cancel(this.#throttleTimer)
  }

  get #isUnread(): boolean {
    return this.#connection.link.queuedBytes > PAUSE_READING_BYTES
  }

  #slowDown(waitMs: number): void {
    const { broker, receivedAt, state } = this.#connection
    if (waitMs === 0 || state === ConnectionState.CLOSED) return
    const until = receivedAt + waitMs
    if (until <= this.#throttledUntil) return
    this.#throttledUntil = until
    this.#throttleTimer ??= new Timer(() => this.#free(Brake.THROTTLE))
    broker.wheel.schedule(this.#throttleTimer, waitMs)
    this.#brake(Brake.THROTTLE)
  }

  #brake(brake: Brake): void {
    this.#brakes |= brake
    this.#connection.reader.pause()
    this.#stopReading()
  }

  #read(isListening = false): void {
    this.#isReading = true
    // Else what comes first after its packets have waited would be the last that is read.
    this.#isListening = isListening
    this.#connection.link.resumeReading()
  }

  #stopReading(): void {
    this.#isReading = false
    this.#isListening = false
    this.#connection.link.pauseReading()
  }

  #free(brake: Brake): void {
    this.#brakes &= ~brake
    // What waited has come now, as far as limits and time are concerned.
    this.#connection.receivedAt = this.#connection.broker.tick()
    this.#readOn()
  }

  /** Hands on what was held back and reads on, unless something else still holds it. */
  #readOn(): void {
    if (this.isShut) return
    const connection = this.#connection
    try {
      connection.reader.resume()
    } catch (error) {
      connection.fail(error)
    }
    // A packet among those that waited may have held what follows it.
    if (!this.isShut && connection.state !== ConnectionState.CLOSED) this.#read()
  }
}
