// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'

/** So many items are handed out in one turn of the event loop, so that a walk over a million does not hold up clients. */
const ITEMS_PER_TURN = 500

/** The items, a few at a time. Throws the reason of `signal` when it is aborted. */
export async function* paced<T>(items: Iterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  let left = ITEMS_PER_TURN
  for (const item of items) {
    if (left-- === 0) {
      await endOfTurn()
      left = ITEMS_PER_TURN
    }
    signal?.throwIfAborted()
    yield item
  }
}
