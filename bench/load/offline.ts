// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs'
import { peakResidentBytes } from '../process-usage.ts'
import { drain } from './drain.ts'
import { enqueue } from './enqueue.ts'
import type { JobResult, LoadTarget, OfflineJob } from './job.ts'
import { sampleMemory } from './memory-sampler.ts'
import { makeSessions } from './offline-sessions.ts'
import type { Lap } from './stopwatch.ts'

const BYTES_PER_MB = 1024 * 1024

export async function runOffline(job: OfflineJob, target: LoadTarget): Promise<JobResult> {
  const messages = job.sessions * job.messagesPerSession
  const memory = sampleMemory(target.pid)
  try {
    await makeSessions(job, target)
    const first = await passOnce(job, target)
    const storeBytes = sizeOf(target)
    const second = await passOnce(job, target)
    const grownBytes = sizeOf(target)
    const laps = [first.enqueued, first.drained, second.enqueued, second.drained]
    const loadCpuSeconds = laps.reduce((sum, lap) => sum + lap.loadCpuSeconds, 0)
    return {
      figures: {
        enqueuedPerSec: messages / first.enqueued.seconds,
        cpuMicrosPerEnqueue: (first.enqueued.brokerCpuSeconds * 1e6) / messages,
        drainedPerSec: messages / first.drained.seconds,
        cpuMicrosPerDrain: (first.drained.brokerCpuSeconds * 1e6) / messages,
        enqueuedAgainPerSec: messages / second.enqueued.seconds,
        drainedAgainPerSec: messages / second.drained.seconds,
        peakMemoryMb: peakResidentBytes(target.pid) / BYTES_PER_MB,
        peakPrivateMb: memory.peakPrivateBytes() / BYTES_PER_MB,
        ...(storeBytes === null || grownBytes === null
          ? {}
          : { storeMb: storeBytes / BYTES_PER_MB, storeGrowth: grownBytes / storeBytes }),
        loadMicros: (loadCpuSeconds * 1e6) / (messages * laps.length),
        loadShare: Math.max(...laps.map((lap) => lap.loadCpuSeconds / lap.seconds)),
      },
      fault: null,
    }
  } finally {
    memory.stop()
  }
}

async function passOnce(job: OfflineJob, target: LoadTarget): Promise<{ enqueued: Lap; drained: Lap }> {
  return { enqueued: await enqueue(job, target), drained: await drain(job, target) }
}

function sizeOf({ storeFile }: LoadTarget): number | null {
  return storeFile === null ? null : statSync(storeFile).size
}
