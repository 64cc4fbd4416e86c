// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'

export interface Machine {
  readonly cores: number
  readonly cpuModel: string
  readonly linux: string
  readonly node: string
  /** File descriptors that a process may have. */
  readonly openFiles: number
}

export function describeMachine(): Machine {
  const processors = cpus()
  return {
    cores: processors.length,
    cpuModel: processors[0]?.model.trim() ?? 'unknown',
    linux: release(),
    node: process.versions.node,
    openFiles: Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]),
  }
}
