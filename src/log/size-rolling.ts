// SPDX-License-Identifier: Apache-2.0
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Rolling } from './rolling-file.ts'

/** HiveMQ's `maxFileSize` and number of files. */
const MAX_BYTES = 100 * 1024 * 1024
const KEPT_FILES = 5

/**
 * One file for so many bytes: `event.log` becomes `event-1.log.gz`, that one `event-2.log.gz` and so on; the sixth goes. It
 * is compressed a chunk at a time by a thread of Node's pool, which takes some seconds for 100 MB.
 */
export class SizeRolling implements Rolling {
  readonly fileName: string
  readonly #name: string
  readonly #maxBytes: number

  constructor(name: string, maxBytes: number = MAX_BYTES) {
    this.#name = name
    this.fileName = `${name}.log`
    this.#maxBytes = maxBytes
  }

  begin(): void {
    // What counts is the size alone.
  }

  isDue(_wallTime: number, size: number): boolean {
    return size >= this.#maxBytes
  }

  async moveAway(folder: string, wallTime: number): Promise<void> {
    await rename(join(folder, this.fileName), join(folder, `${this.#name}.${wallTime}.rolled`))
  }

  /** Also compresses what a process has left that ended before it came to that. */
  async tidyUp(folder: string): Promise<void> {
    const pattern = new RegExp(String.raw`^${this.#name}\.\d+\.rolled$`)
    const rolled = (await readdir(folder)).filter((name) => pattern.test(name)).toSorted()
    for (const name of rolled) {
      const path = join(folder, name)
      const compressed = join(folder, `${this.#name}.gz.tmp`)
      await pipeline(createReadStream(path), createGzip(), createWriteStream(compressed))
      for (let i = KEPT_FILES - 1; i >= 1; i--)
        await renameIfThere(this.#archive(folder, i), this.#archive(folder, i + 1))
      await rename(compressed, this.#archive(folder, 1))
      await rm(path)
    }
  }

  #archive(folder: string, number: number): string {
    return join(folder, `${this.#name}-${number}.log.gz`)
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
