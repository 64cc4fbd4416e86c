// SPDX-License-Identifier: Apache-2.0
import { cpuSeconds } from '../process-usage.ts'

/** What a stretch of time cost. */
export interface Lap {
  readonly seconds: number
  readonly brokerCpuSeconds: number
  readonly loadCpuSeconds: number
}

/** Starts to measure; the function that it returns tells what has passed since. */
export function startStopwatch(brokerPid: number): () => Lap {
  const brokerCpu = cpuSeconds(brokerPid)
  const loadCpu = process.cpuUsage()
  const startMs = performance.now()
  return () => {
    const seconds = (performance.now() - startMs) / 1000
    const { user, system } = process.cpuUsage(loadCpu)
    return { seconds, brokerCpuSeconds: cpuSeconds(brokerPid) - brokerCpu, loadCpuSeconds: (user + system) / 1e6 }
  }
}
