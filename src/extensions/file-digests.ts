// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'

/** Of a file's content: two that differ have different ones. */
export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('base64')
}

interface Known {
  readonly stamp: string
  readonly digest: string
  /** Read so shortly after its last change that another one could have the same stamp. */
  readonly isFresh: boolean
}

/** File systems note times in steps, some of whole seconds. */
const STAMP_STEP_MS = 2_000

/**
 * What stands in files, read again only when there is reason to: every file of every extension is looked at every second. A
 * change of content counts and not one of times, which a copy may set back and a touch without a change moves on.
 */
export class FileDigests {
  readonly #known = new Map<string, Known>()

  /** Null for a file that is not there or cannot be read. */
  async of(file: string): Promise<string | null> {
    try {
      const { size, ino, dev, mtimeMs, ctimeMs } = await stat(file)
      const stamp = [size, ino, dev, mtimeMs, ctimeMs].join()
      const known = this.#known.get(file)
      if (known !== undefined && known.stamp === stamp && !known.isFresh) return known.digest
      // The computer's own clock, since it is compared with that of the file system.
      const isFresh = Date.now() - ctimeMs < STAMP_STEP_MS
      const digest = digestOf(await readFile(file))
      this.#known.set(file, { stamp, digest, isFresh })
      return digest
    } catch {
      this.#known.delete(file)
      return null
    }
  }
}
