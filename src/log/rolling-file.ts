// SPDX-License-Identifier: Apache-2.0
import { fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { LossyWriter, type LossyWriterParts } from './lossy-writer.ts'

/** When a log file makes way for a new one, and what becomes of it. */
export interface Rolling {
  readonly fileName: string
  /** What is there at start, empty or not. `modifiedAt` in milliseconds since 1970. */
  begin(wallTime: number, size: number, modifiedAt: number): void
  /** Whether it has to make way before a line of this moment. */
  isDue(wallTime: number, size: number): boolean
  /** Gives the file another name. */
  moveAway(folder: string, wallTime: number): Promise<void>
  /** What can wait until nothing more is written to the file that was moved away. */
  tidyUp(folder: string): Promise<void>
}

/** What could not be done (a full disk, a folder that is gone) is not tried again with each line. */
const RETRY_MS = 60_000

export interface RollingFileParts extends Omit<LossyWriterParts, 'fd'> {
  readonly folder: string
  readonly rolling: Rolling
  readonly wallTime: () => number
}

/** A log file that does not grow for ever. Lines that come while it is changed go to the old one or the new one, none is lost. */
export class RollingFile {
  readonly #parts: RollingFileParts
  #writer: LossyWriter
  #size: number
  #isBusy = false
  /** Resolves when no file is being changed. */
  settled: Promise<void> = Promise.resolve()
  #retryAt = Number.NEGATIVE_INFINITY

  /** Throws the system's error where the file cannot be opened. */
  constructor(parts: RollingFileParts) {
    const { rolling, folder, wallTime } = parts
    this.#parts = parts
    const { writer, size, modifiedAt } = this.#open()
    this.#writer = writer
    this.#size = size
    const now = wallTime()
    rolling.begin(now, size, modifiedAt)
    // Else what an earlier process has not come to.
    this.#run(rolling.isDue(now, size) ? this.#roll(now) : rolling.tidyUp(folder), now)
  }

  write(line: string, wallTime: number): void {
    if (!this.#isBusy && this.#parts.rolling.isDue(wallTime, this.#size) && wallTime >= this.#retryAt) {
      this.#run(this.#roll(wallTime), wallTime)
    }
    this.#size += Buffer.byteLength(line)
    this.#writer.write(line)
  }

  async written(): Promise<void> {
    await this.#writer.written()
  }

  flushSync(): void {
    this.#writer.flushSync()
  }

  #run(work: Promise<void>, wallTime: number): void {
    this.#isBusy = true
    this.settled = work
      .catch((error: unknown) => {
        this.#retryAt = wallTime + RETRY_MS
        this.#parts.onTrouble(error as Error)
      })
      .finally(() => (this.#isBusy = false))
  }

  async #roll(wallTime: number): Promise<void> {
    const { rolling, folder } = this.#parts
    try {
      await rolling.moveAway(folder, wallTime)
    } catch (error) {
      // Somebody else has moved it, or it was, but then no new one could be opened.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    const old = this.#writer
    const { writer, size, modifiedAt } = this.#open()
    this.#writer = writer
    this.#size = size
    rolling.begin(wallTime, size, modifiedAt)
    await new Promise<void>((resolve) => old.close(resolve))
    await rolling.tidyUp(folder)
  }

  #open(): { writer: LossyWriter; size: number; modifiedAt: number } {
    const fd = openSync(join(this.#parts.folder, this.#parts.rolling.fileName), 'a')
    const { size, mtimeMs } = fstatSync(fd)
    return { writer: new LossyWriter({ ...this.#parts, fd }), size, modifiedAt: mtimeMs }
  }
}
