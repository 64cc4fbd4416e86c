// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Job, JobResult, LoadTarget } from './load/job.ts'

const ENTRY = join(import.meta.dirname, 'load/main.ts')
/** Beyond the time that a job is meant to take. It notices by itself when messages stall, not when nobody answers CONNECT. */
const PATIENCE_MS = 30_000
/** Of a job that ends when all its messages have passed, however long that takes; it too notices when they stall. */
const OFFLINE_PATIENCE_MS = 600_000

/** The load generator as its parent sees it. */
export interface LoadProcess {
  run(job: Job, target: LoadTarget): Promise<JobResult>
  stop(): void
}

export function startLoadProcess(): LoadProcess {
  let child: ChildProcess | null = null
  return {
    run(job, target) {
      child ??= fork(ENTRY, { execPath: process.execPath })
      const { pid, port, wire, hasLogins, storeFile } = target
      return answerOf(child, job, { pid, port, wire, hasLogins, storeFile }).catch((error: Error) => {
        // Whatever state it is in: the next job gets a new one.
        child?.kill('SIGKILL')
        child = null
        return { figures: {}, fault: error.message }
      })
    },
    stop() {
      child?.disconnect()
      child = null
    },
  }
}

function answerOf(child: ChildProcess, job: Job, target: LoadTarget): Promise<JobResult> {
  const budgetMs =
    job.kind === 'offline' ? OFFLINE_PATIENCE_MS : ('seconds' in job ? job.seconds * 1000 : 0) + PATIENCE_MS
  return new Promise<JobResult>((resolve, reject) => {
    const onMessage = (result: unknown): void => settle(() => resolve(result as JobResult))
    const onExit = (): void => settle(() => reject(new Error('the load generator ended')))
    const timer = setTimeout(() => settle(() => reject(new Error(`no result after ${budgetMs} ms`))), budgetMs)
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
      act()
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
    child.send({ job, target })
  })
}
