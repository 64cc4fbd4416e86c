// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rolling } from './rolling-file.ts'
import { localDate, nextMidnight } from './time-stamp.ts'

/** HiveMQ's `maxHistory`. */
const KEPT_DAYS = 30

/** One file a day: `hivemq.log` becomes `hivemq.2026-11-23.log` with the first line of the next day, and 30 of those are kept. */
export class DailyRolling implements Rolling {
  readonly fileName: string
  readonly #name: string
  /** The day of the lines in the file. */
  #day = ''
  #endsAt = Number.POSITIVE_INFINITY

  constructor(name: string) {
    this.#name = name
    this.fileName = `${name}.log`
  }

  begin(wallTime: number, size: number, modifiedAt: number): void {
    // A file that an earlier day has left belongs to that day.
    const startedAt = size > 0 ? Math.min(modifiedAt, wallTime) : wallTime
    this.#day = localDate(startedAt)
    this.#endsAt = nextMidnight(startedAt)
  }

  isDue(wallTime: number): boolean {
    return wallTime >= this.#endsAt
  }

  async moveAway(folder: string): Promise<void> {
    await rename(join(folder, this.fileName), join(folder, this.#freeName(folder)))
  }

  async tidyUp(folder: string): Promise<void> {
    const pattern = new RegExp(String.raw`^${this.#name}\.\d{4}-\d{2}-\d{2}(\.\d+)?\.log$`)
    const names = (await readdir(folder)).filter((name) => pattern.test(name)).toSorted()
    for (const name of names.slice(0, -KEPT_DAYS)) await rm(join(folder, name), { force: true })
  }

  /** A day comes twice where somebody sets the clock back: what is there already is not written over. */
  #freeName(folder: string): string {
    const base = `${this.#name}.${this.#day}`
    let name = `${base}.log`
    for (let i = 1; existsSync(join(folder, name)); i++) name = `${base}.${i}.log`
    return name
  }
}
