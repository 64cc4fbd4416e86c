// SPDX-License-Identifier: Apache-2.0
import { runConnect } from './connect.ts'
import { useWire } from './connection.ts'
import { runFixedRate } from './fixed-rate.ts'
import { runIdle } from './idle.ts'
import type { Job, JobResult, LoadTarget } from './job.ts'
import { useLogins } from './login.ts'
import { runLoginStorm } from './login-storm.ts'
import { runOffline } from './offline.ts'
import { runThroughput } from './throughput.ts'

// The load generator: a process of its own that takes jobs from its parent, one at a time, and answers with figures.
//
// It has to cost far less than any broker that it drives, or it would measure itself. So everything it sends is encoded
// before the clock starts, all sockets read into one buffer, frames of one length are counted by dividing bytes, and what
// is published or acknowledged in a turn of the event loop leaves in one write for each connection.

/** Time for a broker to let go of the connections of a job before the next one. */
const SETTLE_MS = 100

process.on('message', (message: { readonly job: Job; readonly target: LoadTarget }) => {
  void answer(message.job, message.target)
})
process.on('disconnect', () => process.exit(0))

async function answer(job: Job, target: LoadTarget): Promise<void> {
  useWire(target.wire)
  useLogins(target.hasLogins)
  const result = await run(job, target).catch((error: unknown): JobResult => ({
    figures: {},
    fault: error instanceof Error ? error.message : String(error),
  }))
  setTimeout(() => process.send!(result), SETTLE_MS)
}

function run(job: Job, target: LoadTarget): Promise<JobResult> {
  switch (job.kind) {
    case 'throughput':
      return runThroughput(job, target)
    case 'fixed-rate':
      return runFixedRate(job, target)
    case 'login-storm':
      return runLoginStorm(job, target)
    case 'idle':
      return runIdle(job, target)
    case 'connect':
      return runConnect(job, target)
    case 'offline':
      return runOffline(job, target)
  }
}
