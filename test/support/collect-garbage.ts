// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use once nothing is left that could be collected: the heap, and the buffers outside of it. */
export function usedBytes(): number {
  const { heapUsed, arrayBuffers } = collected()
  return heapUsed + arrayBuffers
}

/** The buffers alone: payloads stand out there. */
export function bufferBytes(): number {
  return collected().arrayBuffers
}

function collected(): NodeJS.MemoryUsage {
  // Buffers are let go of by the second collection after their objects.
  collect()
  collect()
  return process.memoryUsage()
}
