// SPDX-License-Identifier: Apache-2.0
import type { Tally } from './tally.ts'

/** Nothing sent and nothing arrived for so long: something is lost. */
const STALL_MS = 5000
const WATCH_MS = 50

/**
 * Calls `step` after each turn of the event loop in which something happened, until it returns true. Throws when something
 * is wrong, or nothing happens any more.
 */
export function untilComplete(tally: Tally, step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isScheduled = false
    let progressMs = performance.now()
    let progressSeen = 0

    const finish = (fault: string | null): void => {
      clearInterval(watch)
      tally.onProgress = () => undefined
      if (fault === null) resolve()
      else reject(new Error(fault))
    }
    const turn = (): void => {
      isScheduled = false
      if (tally.fault !== null) finish(tally.fault)
      else if (step()) finish(null)
    }
    const schedule = (): void => {
      if (isScheduled) return
      isScheduled = true
      setImmediate(turn)
    }
    const watch = setInterval(() => {
      const progress = tally.sent + tally.received + tally.acknowledged
      if (progress !== progressSeen) progressMs = performance.now()
      else if (performance.now() - progressMs > STALL_MS) return finish(describeStall(tally))
      progressSeen = progress
      schedule()
    }, WATCH_MS)
    tally.onProgress = schedule
    schedule()
  })
}

function describeStall({ sent, acknowledged, received }: Tally): string {
  return `nothing for ${STALL_MS} ms; ${sent} sent, ${acknowledged} of them acknowledged, ${received} received`
}
