// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { STORE_FILE } from '../../src/store/lmdb/open-lmdb-store.ts'
import { freePort } from '../broker/broker-process.ts'
import { waggle } from '../broker/waggle.ts'
import type { JobResult } from '../load/job.ts'
import { privateBytes, residentBytes } from '../process-usage.ts'
import { makeTempFolder, type TempFolder } from '../temp-folder.ts'

const BYTES_PER_MB = 1024 * 1024
const FILL = join(import.meta.dirname, 'fill.ts')
const READY = /Started Waggle in \d+ms, ready on /
const START_DEADLINE_MS = 120_000

/** A data folder with the store of a large installation. */
export interface LargeStore {
  /** Starts Waggle on it, and ends it when it is ready. */
  measureStart(): Promise<JobResult>
  remove(): void
}

export async function fillLargeStore(sessions: number): Promise<LargeStore> {
  const data = makeTempFolder('large-store')
  await fillStore(join(data.path, 'waggle'), sessions)
  return { measureStart: () => measureStart(data), remove: () => data.remove() }
}

/** Writes that store into a folder. */
export async function fillStore(folder: string, sessions: number): Promise<void> {
  const child = spawn(process.execPath, [FILL, folder, String(sessions)], { stdio: ['ignore', 'inherit', 'inherit'] })
  const kill = (): boolean => child.kill('SIGKILL')
  process.prependListener('exit', kill)
  const [code] = (await once(child, 'close')) as [number | null]
  process.off('exit', kill)
  if (code !== 0) throw new Error(`the store could not be filled: exit code ${code}`)
}

async function measureStart(data: TempFolder): Promise<JobResult> {
  const home = makeTempFolder(waggle.name)
  const { file, args, env } = waggle.prepare(await freePort(), home.path, {
    queueSize: null,
    wire: 'tcp',
    hasLogins: false,
    stormClients: 0,
  })
  const startMs = performance.now()
  const child = spawn(file, args, {
    env: { ...env, HIVEMQ_DATA_FOLDER: data.path },
    cwd: home.path,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Does not leave it behind, whatever becomes of this process.
    timeout: START_DEADLINE_MS,
  })
  const closed = once(child, 'close')
  const kill = (): boolean => child.kill('SIGKILL')
  process.prependListener('exit', kill)
  try {
    for await (const line of createInterface(child.stdout)) {
      if (!READY.test(line)) continue
      const startSeconds = (performance.now() - startMs) / 1000
      const memoryAfterStartMb = residentBytes(child.pid!) / BYTES_PER_MB
      const privateAfterStartMb = privateBytes(child.pid!) / BYTES_PER_MB
      const storeMb = statSync(join(data.path, 'waggle', STORE_FILE)).size / BYTES_PER_MB
      return { figures: { startSeconds, memoryAfterStartMb, privateAfterStartMb, storeMb }, fault: null }
    }
    return { figures: {}, fault: 'the broker ended before it was ready' }
  } finally {
    kill()
    await closed
    process.off('exit', kill)
    home.remove()
  }
}
