// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Limits {
  /** Thousandths of a core. */
  readonly cpu: number
  readonly memoryMiB: number
}

const CGROUPS = '/sys/fs/cgroup'
const PERIOD_US = 100_000

/** The limits of a container, by whichever version of cgroups the machine has. */
export class ControlGroup {
  readonly folders: readonly string[]
  /** What cannot be held here, for the report. */
  readonly missing: string | null
  readonly #memory: string | null
  readonly #isUnified: boolean

  constructor(name: string, { cpu, memoryMiB }: Limits) {
    this.#isUnified = existsSync(join(CGROUPS, 'cgroup.controllers'))
    const quota = Math.round((cpu / 1000) * PERIOD_US)
    const bytes = memoryMiB * 1024 ** 2
    const files: readonly [folder: string, file: string, value: string][] = this.#isUnified
      ? [
          [join(CGROUPS, name), 'cpu.max', `${quota} ${PERIOD_US}`],
          [join(CGROUPS, name), 'memory.max', String(bytes)],
        ]
      : [
          [join(CGROUPS, 'cpu', name), 'cpu.cfs_quota_us', String(quota)],
          [join(CGROUPS, 'memory', name), 'memory.limit_in_bytes', String(bytes)],
        ]
    const folders = new Set<string>()
    const failures: string[] = []
    for (const [folder, file, value] of files) {
      try {
        mkdirSync(folder, { recursive: true })
        writeFileSync(join(folder, file), value)
        folders.add(folder)
      } catch (error) {
        failures.push(`${file}: ${(error as Error).message}`)
      }
    }
    this.folders = [...folders]
    this.missing = failures.length > 0 ? failures.join('; ') : null
    this.#memory = this.folders.find((folder) => this.#isUnified || folder.includes('/memory/')) ?? null
  }

  /** How often the kernel has killed for lack of memory. */
  get kills(): number {
    const file = this.#isUnified ? 'memory.events' : 'memory.oom_control'
    const text = this.#memory === null ? '' : readFileSync(join(this.#memory, file), 'utf8')
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
  }

  /** What the kubelet calls the working set, and goes by when memory is short: all but the pages of files that it can do without. */
  get workingSetMiB(): number | null {
    if (this.#memory === null) return null
    const [usage, inactive] = this.#isUnified
      ? ['memory.current', 'inactive_file']
      : ['memory.usage_in_bytes', 'total_inactive_file']
    const read = (file: string): string => readFileSync(join(this.#memory!, file), 'utf8')
    const file = Number(new RegExp(`^${inactive} (\\d+)$`, 'm').exec(read('memory.stat'))![1])
    return Math.round((Number(read(usage)) - file) / 1024 ** 2)
  }

  remove(): void {
    for (const folder of this.folders) rmdirSync(folder)
  }

  tryRemove(): boolean {
    try {
      for (const folder of this.folders) if (existsSync(folder)) rmdirSync(folder)
      return true
    } catch {
      return false
    }
  }
}
