// SPDX-License-Identifier: Apache-2.0
import { privateBytes } from '../process-usage.ts'

/** Reading it takes some 50 µs. */
const INTERVAL_MS = 50

export interface MemorySampler {
  /** The highest value that was seen. */
  peakPrivateBytes(): number
  stop(): void
}

/** Looks from time to time at memory of which the kernel does not keep the highest value. */
export function sampleMemory(pid: number): MemorySampler {
  let peak = 0
  const timer = setInterval(() => {
    try {
      peak = Math.max(peak, privateBytes(pid))
    } catch {
      // The broker has ended, which those who talk to it notice.
      clearInterval(timer)
    }
  }, INTERVAL_MS)
  return { peakPrivateBytes: () => peak, stop: () => clearInterval(timer) }
}
