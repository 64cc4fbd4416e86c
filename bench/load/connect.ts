// SPDX-License-Identifier: Apache-2.0
import { inParallel } from './crowd.ts'
import { disconnect, establish } from './handshake.ts'
import type { ConnectJob, JobResult, LoadTarget } from './job.ts'
import { startStopwatch } from './stopwatch.ts'

export async function runConnect(job: ConnectJob, target: LoadTarget): Promise<JobResult> {
  const lap = startStopwatch(target.pid)
  await inParallel(job.connections, async (index) => {
    const { connection } = await establish(target.port, `bench-connect-${index}`, job.version)
    await disconnect(connection, job.version)
  })
  const { seconds, brokerCpuSeconds, loadCpuSeconds } = lap()
  return {
    figures: {
      connectsPerSec: job.connections / seconds,
      cpuMicrosPerConnect: (brokerCpuSeconds * 1e6) / job.connections,
      loadMicros: (loadCpuSeconds * 1e6) / job.connections,
      loadShare: loadCpuSeconds / seconds,
    },
    fault: null,
  }
}
