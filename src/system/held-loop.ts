// SPDX-License-Identifier: Apache-2.0
import { BEATS, CALLBACK, type LoopBoard } from '../util/loop-board.ts'

/** What holds the event loop for so long has most likely no end. What ends sooner is told of by the event loop itself. */
const TELL_AFTER_MS = 2_000
/** Nobody who takes seconds for milliseconds gets a broker that ends whenever memory is tidied up. */
const SHORTEST_EXIT_MS = 5_000

export interface Finding {
  readonly kind: 'held' | 'overdue' | 'released'
  readonly heldMs: number
  /** The number on the board, 0 for what is no callback of an extension. */
  readonly callback: number
}

/** Sees from another thread that the event loop stands still, and at whom. */
export class HeldLoop {
  readonly #board: LoopBoard
  readonly #exitAfterMs: number
  #beats: number
  #heldMs = 0
  /** The callback that was told of, or null. */
  #told: number | null = null

  constructor(board: LoopBoard, exitAfterSec: number) {
    this.#board = board
    this.#exitAfterMs = exitAfterSec === 0 ? Number.POSITIVE_INFINITY : Math.max(exitAfterSec * 1000, SHORTEST_EXIT_MS)
    this.#beats = board[BEATS]!
  }

  /** A look, so long after the last one. */
  look(passedMs: number): Finding | null {
    const beats = Atomics.load(this.#board, BEATS)
    const callback = Atomics.load(this.#board, CALLBACK)
    if (beats !== this.#beats) {
      const [heldMs, told] = [this.#heldMs, this.#told]
      this.#beats = beats
      this.#heldMs = 0
      this.#told = null
      return told === null ? null : { kind: 'released', heldMs, callback: told }
    }
    this.#heldMs += passedMs
    const heldMs = this.#heldMs
    if (heldMs >= this.#exitAfterMs) return { kind: 'overdue', heldMs, callback }
    if (heldMs < TELL_AFTER_MS || this.#told !== null) return null
    this.#told = callback
    return { kind: 'held', heldMs, callback }
  }
}
