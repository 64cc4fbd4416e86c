// SPDX-License-Identifier: Apache-2.0
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'

/** In place of a result that is not there yet. */
export const OVERDUE: unique symbol = Symbol('overdue')

/** Waits for a promise, but not for ever. What it comes to later is nothing to anybody, be it a failure. */
export async function within<T>(wheel: TimerWheel, limitMs: number, promise: Promise<T>): Promise<T | typeof OVERDUE> {
  const { promise: limit, resolve } = Promise.withResolvers<typeof OVERDUE>()
  const timer = new Timer(() => resolve(OVERDUE))
  wheel.schedule(timer, limitMs)
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, limit])
  } finally {
    wheel.cancel(timer)
  }
}
