// SPDX-License-Identifier: Apache-2.0
import { BucketHistogram, SECONDS } from '../metrics/bucket-histogram.ts'
import type { MetricRegistry } from '../metrics/metric-registry.ts'
import type { Clock } from '../util/clock.ts'
import { BEATS, type LoopBoard, newLoopBoard } from '../util/loop-board.ts'

/** Ten looks a second cost nothing that could be measured, and see whatever holds the loop for longer than a client notices. */
const INTERVAL_MS = 100

/**
 * How late the event loop is: everything that any client waits for waits at least so long. Each look is noted on the board, for
 * who sees from outside that none comes. Returns what ends the watch.
 */
export function watchEventLoop(clock: Clock, registry: MetricRegistry, board: LoopBoard = newLoopBoard()): () => void {
  const lag = new BucketHistogram(SECONDS)
  let cancel: () => void
  const watch = (): void => {
    const due = clock.now() + INTERVAL_MS
    cancel = clock.alarm(due, () => {
      board[BEATS]!++
      lag.observe(Math.max(clock.now() - due, 0) / 1000)
      watch()
    })
  }
  watch()
  registry.labelled({
    name: 'waggle_event_loop_lag_seconds',
    kind: 'histogram',
    help: 'How late the event loop came to a timer, ten times a second',
    read: () => [{ value: lag }],
  })
  return () => cancel()
}
