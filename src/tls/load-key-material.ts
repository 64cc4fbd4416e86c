// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import type { KeyMaterialAnswer, KeyMaterialRequest } from './key-material.ts'

/** A store with the iterations that Java makes takes half a second; one with all that are allowed does not take this long. */
const DEADLINE_MS = 30_000

/** From sources, or from the bundle, in which the worker is a file of its own. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './key-material-worker.ts' : './key-material-worker.cjs',
  import.meta.url,
)

/** Reads the files of a listener on a thread of its own, so that no client waits for it. */
export function loadKeyMaterial(request: KeyMaterialRequest): Promise<KeyMaterialAnswer> {
  return new Promise((resolve) => {
    const worker = new Worker(WORKER, { workerData: request })
    const fail = (reason: string): void => {
      resolve({ faults: [{ path: null, reason, advice: 'Are the files key stores of yours?' }] })
    }
    const deadline = setTimeout(() => {
      fail(`reading its key stores took longer than ${DEADLINE_MS / 1000} s`)
      worker.terminate().catch(() => undefined)
    }, DEADLINE_MS)
    worker.on('message', resolve)
    worker.on('error', (error) => fail(`its key stores cannot be read (${String(error)})`))
    worker.on('exit', () => {
      clearTimeout(deadline)
      fail('reading its key stores ended without an answer')
    })
  })
}
