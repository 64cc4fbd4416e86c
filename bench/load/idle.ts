// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { residentBytes } from '../process-usage.ts'
import type { Connection } from './connection.ts'
import { inParallel } from './crowd.ts'
import { establish } from './handshake.ts'
import type { IdleJob, JobResult, LoadTarget } from './job.ts'
import { startStopwatch } from './stopwatch.ts'

/** Before memory is read: brokers that collect garbage may do so. */
const REST_MS = 1000

export async function runIdle(job: IdleJob, target: LoadTarget): Promise<JobResult> {
  const connections: Connection[] = []
  const losses: string[] = []
  const before = residentBytes(target.pid)
  const lap = startStopwatch(target.pid)
  try {
    await inParallel(job.connections, async (index) => {
      const { connection } = await establish(target.port, `bench-idle-${index}`, job.version)
      connection.onLost = (reason) => losses.push(reason)
      connections.push(connection)
    })
    const { brokerCpuSeconds } = lap()
    await sleep(REST_MS)
    if (losses.length > 0) return { figures: {}, fault: `${losses.length} idle connections were lost: ${losses[0]}` }
    return {
      figures: {
        bytesPerConnection: (residentBytes(target.pid) - before) / job.connections,
        cpuMicrosPerConnect: (brokerCpuSeconds * 1e6) / job.connections,
      },
      fault: null,
    }
  } finally {
    for (const connection of connections) connection.drop()
  }
}
