// SPDX-License-Identifier: Apache-2.0

// What the thread with the event loop and the one that watches it tell one another: three numbers in memory that both see. Each
// is written by one side with a plain store, so the event loop pays a nanosecond for it and never waits.

export type LoopBoard = Int32Array<SharedArrayBuffer>

/** By the event loop: how often it has come to its timer. */
export const BEATS = 0
/** By the event loop: the number of the callback of an extension that is at work, 0 for none. */
export const CALLBACK = 1
/** By the watcher: milliseconds, as far as it was there to see them pass. Stands still where nobody watches. */
export const WATCHED_MS = 2

export function newLoopBoard(): LoopBoard {
  return new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
}
