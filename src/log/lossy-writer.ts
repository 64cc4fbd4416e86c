// SPDX-License-Identifier: Apache-2.0
import sonicBoom from 'sonic-boom'

/** What waits for a disk or a pipe that is slow; what comes beyond it is dropped. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024
/** In characters. */
const MAX_HELD_LENGTH = 64 * 1024
/** A write that is on its way when the process ends is done within microseconds, or its disk stands still. */
const IN_FLIGHT_MS = 10
/** At the end of the process nobody waits longer for a reader that does not read. */
const LAST_CHANCE_MS = 1_000

export interface LossyWriterParts {
  readonly fd: number
  readonly maxWaitingBytes?: number
  /**
   * Lines may be held back so long, to be written together: each write costs the event loop 30 µs, a third of what a client
   * costs that connects and goes. 0 unless given.
   */
  readonly holdMs?: number
  /** The line that tells how many are missing before it. */
  readonly lossLine: (count: number) => string
  /** A line is dropped. */
  readonly onDrop: () => void
  /** Nothing can be written, or it can again (null). */
  readonly onTrouble: (error: Error | null) => void
}

/**
 * Writes lines to a file or a pipe without making anybody wait. The lines go through sonic-boom, pino's writer: each write
 * is made by a thread of Node's pool while the next one fills. Were `console.log` or a stream to do it, a pipe that nobody
 * reads would stop the broker or fill its memory.
 */
export class LossyWriter {
  readonly #sonic: sonicBoom.SonicBoom
  readonly #parts: LossyWriterParts
  #held: string[] = []
  #heldLength = 0
  #dropped = 0
  #waitingBytes = 0
  #isInTrouble = false
  #deadline = Number.POSITIVE_INFINITY
  #onWritten: (() => void) | null = null

  constructor(parts: LossyWriterParts) {
    this.#parts = parts
    this.#sonic = new sonicBoom.SonicBoom({
      fd: parts.fd,
      maxLength: parts.maxWaitingBytes ?? MAX_WAITING_BYTES,
      retryEAGAIN: () => performance.now() < this.#deadline,
    })
    this.#sonic.on('drop', () => {
      this.#dropped++
      parts.onDrop()
    })
    this.#sonic.on('write', (bytes: number) => this.#onProgress(bytes))
    this.#sonic.on('error', (error: Error) => {
      if (!this.#isInTrouble) parts.onTrouble(error)
      this.#isInTrouble = true
    })
  }

  write(line: string): void {
    const { holdMs = 0 } = this.#parts
    if (holdMs === 0) return this.#writeNow(line)
    this.#held.push(line)
    this.#heldLength += line.length
    if (this.#heldLength > MAX_HELD_LENGTH) this.#release()
    else if (this.#held.length === 1) setTimeout(() => this.#release(), holdMs).unref()
  }

  #release(): void {
    const held = this.#held
    this.#held = []
    this.#heldLength = 0
    for (const line of held) this.#writeNow(line)
  }

  #writeNow(line: string): void {
    const droppedBefore = this.#dropped
    this.#sonic.write(line)
    if (this.#dropped === droppedBefore) this.#waitingBytes += Buffer.byteLength(line)
  }

  /** Calls back when all of it is written and the file is closed. */
  close(onClosed: () => void): void {
    this.#release()
    this.#sonic.once('close', onClosed)
    // What a full disk did not take is given up with the file.
    this.#sonic.once('error', () => this.#sonic.destroy())
    this.#sonic.end()
  }

  /** Resolves when nothing waits any more, or a disk or reader has stood still for too long. */
  async written(): Promise<void> {
    this.#release()
    if (this.#waitingBytes === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onWritten = resolve
    const timeout = setTimeout(resolve, LAST_CHANCE_MS)
    await promise
    clearTimeout(timeout)
  }

  /**
   * Writes what waits before the process ends, if there is no time for `written`: what a busy thread pool has not come to yet
   * may then stand behind what follows it.
   */
  flushSync(): void {
    this.#release()
    if (this.#waitingBytes === 0) return
    this.#deadline = performance.now() + LAST_CHANCE_MS
    // So that what is on its way comes before what follows it; the thread goes on while this one sleeps.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, IN_FLIGHT_MS)
    try {
      this.#sonic.flushSync()
    } catch {
      // Nobody is left who could be told.
    }
  }

  #onProgress(bytes: number): void {
    this.#waitingBytes -= bytes
    if (this.#isInTrouble) this.#parts.onTrouble(null)
    this.#isInTrouble = false
    if (this.#dropped > 0) this.#tellOfLoss()
    if (this.#waitingBytes === 0) this.#onWritten?.()
  }

  #tellOfLoss(): void {
    // It comes behind all that was kept, where the others are missing.
    const count = this.#dropped
    this.#writeNow(this.#parts.lossLine(count))
    // Where not even this one has found room, they are told of later.
    this.#dropped = this.#dropped === count ? 0 : count
  }
}
