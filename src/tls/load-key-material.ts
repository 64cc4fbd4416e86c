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

/** Reads the files of a listener on a thread of its own, so that no client waits for it. Rejects where that thread fails. */
export function loadKeyMaterial(
  request: KeyMaterialRequest,
  deadlineMs: number = DEADLINE_MS,
): Promise<KeyMaterialAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: request })
    const deadline = setTimeout(() => {
      const reason = `reading ${[...request.files.keys()].join(', ')} took longer than ${deadlineMs / 1000} s`
      resolve({ faults: [{ path: null, reason, advice: 'Make them anew with fewer iterations.' }] })
      worker.terminate().catch(reject)
    }, deadlineMs)
    worker.on('message', resolve)
    worker.on('error', reject)
    worker.on('exit', (code) => {
      clearTimeout(deadline)
      reject(new Error(`The thread that reads key stores ended with code ${code} and without an answer`))
    })
  })
}
