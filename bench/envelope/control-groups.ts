// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PERIOD_MICROS = 100_000

export interface Limits {
  /** In cores; null: all there are. */
  readonly cpu: number | null
  readonly memoryBytes: number | null
}

export interface GroupMemory {
  /** What counts against the limit, the memory of the kernel for its sockets included. */
  readonly used: number
  /** Without pages of files, which the kernel takes back when it needs them. */
  readonly withoutFiles: number
}

/** Control groups as a pod has them, of either version, below the group of this process or, in version 2, beside it. */
export class ControlGroups implements Disposable {
  readonly #folders: readonly string[]
  readonly #memory: string

  private constructor(folders: readonly string[], memory: string) {
    this.#folders = folders
    this.#memory = memory
  }

  /** Throws where the machine does not let us. `root` is `/` but in tests. */
  static make({ cpu, memoryBytes }: Limits, root = '/'): ControlGroups {
    const groups = readFileSync(join(root, 'proc/self/cgroup'), 'utf8')
    const name = `waggle-envelope-${process.pid}`
    const cpuV1 = folderV1(root, groups, 'cpu')
    const memoryV1 = folderV1(root, groups, 'memory')
    if (cpuV1 !== null && memoryV1 !== null) {
      const [cpuFolder, memoryFolder] = [join(cpuV1, name), join(memoryV1, name)]
      const made = new ControlGroups([cpuFolder, memoryFolder], memoryFolder)
      mkdirSync(cpuFolder)
      mkdirSync(memoryFolder)
      if (cpu !== null) {
        writeFileSync(join(cpuFolder, 'cpu.cfs_period_us'), String(PERIOD_MICROS))
        writeFileSync(join(cpuFolder, 'cpu.cfs_quota_us'), String(Math.round(cpu * PERIOD_MICROS)))
      }
      if (memoryBytes !== null) writeFileSync(join(memoryFolder, 'memory.limit_in_bytes'), String(memoryBytes))
      return made
    }
    const own = join(root, 'sys/fs/cgroup', /^0::(.*)$/m.exec(groups)?.[1] ?? '/')
    // In version 2 a group with processes has no groups with limits below it, the root excepted.
    const parent = existsSync(join(own, 'cgroup.type')) ? dirname(own) : own
    writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu +memory')
    const folder = join(parent, name)
    mkdirSync(folder)
    if (cpu !== null) writeFileSync(join(folder, 'cpu.max'), `${Math.round(cpu * PERIOD_MICROS)} ${PERIOD_MICROS}`)
    if (memoryBytes !== null) writeFileSync(join(folder, 'memory.max'), String(memoryBytes))
    return new ControlGroups([folder], folder)
  }

  /** Who writes its process id to these is in. */
  get joinFiles(): string[] {
    return this.#folders.map((folder) => join(folder, 'cgroup.procs'))
  }

  memory(): GroupMemory {
    const isV2 = existsSync(join(this.#memory, 'memory.current'))
    const read = (file: string): string => readFileSync(join(this.#memory, file), 'utf8')
    const used = Number(read(isV2 ? 'memory.current' : 'memory.usage_in_bytes'))
    const files = new RegExp(`^${isV2 ? 'file' : 'total_cache'} (\\d+)$`, 'm').exec(read('memory.stat'))?.[1]
    return { used, withoutFiles: used - Number(files) }
  }

  /** Its processes have to have ended. */
  [Symbol.dispose](): void {
    for (const folder of this.#folders) rmdirSync(folder)
  }
}

function folderV1(root: string, groups: string, controller: string): string | null {
  const [, hierarchy, path] =
    new RegExp(`^[1-9]\\d*:((?:[^:\\n]*,)?${controller}(?:,[^:\\n]*)?):(.*)$`, 'm').exec(groups) ?? []
  if (hierarchy === undefined || path === undefined) return null
  const mount = join(root, 'sys/fs/cgroup', hierarchy)
  // In a container the path is often that of the host.
  return [join(mount, path), mount].find((folder) => existsSync(folder)) ?? null
}
