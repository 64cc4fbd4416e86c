// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises'

export const POLL_MS = 20

/** How long it took, in milliseconds. */
export async function waitUntil(
  isSo: () => boolean | Promise<boolean>,
  patienceMs: number,
  complaint: () => string,
): Promise<number> {
  const begin = performance.now()
  while (!(await isSo())) {
    if (performance.now() - begin > patienceMs) throw new Error(complaint())
    await pause(POLL_MS)
  }
  return Math.round(performance.now() - begin)
}
