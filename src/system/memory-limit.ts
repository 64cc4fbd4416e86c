// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'

/** How much memory this process may take, and who says so. */
export interface MemoryLimit {
  readonly bytes: number
  readonly source: string
}

const CGROUPS = 'sys/fs/cgroup'

/**
 * The least of what the control groups of the process and those above them allow, of both versions of cgroups, and of what the
 * computer has. `memory.high` counts like `memory.max`: above it the kernel slows the process down until it is of no use.
 * (Node's own `process.constrainedMemory` looks at one group only, and cannot say where it has looked.) `root` is `/` but in
 * tests.
 */
export function readMemoryLimit(root = '/', total: number = totalmem()): MemoryLimit {
  const groups = read(join(root, 'proc/self/cgroup')) ?? ''
  const unified = /^0::(.*)$/m.exec(groups)?.[1]
  const memory = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1]
  const files = [
    ...(unified === undefined ? [] : upwards(unified).map((path) => join(CGROUPS, path))).flatMap((folder) => [
      join(folder, 'memory.max'),
      join(folder, 'memory.high'),
    ]),
    ...(memory === undefined ? [] : upwards(memory)).map((path) =>
      join(CGROUPS, 'memory', path, 'memory.limit_in_bytes'),
    ),
  ]
  let limit: MemoryLimit = { bytes: total, source: 'all memory of the computer' }
  for (const file of files) {
    // `max`, or nothing: in a container the path of the group is often that of the host.
    const bytes = Number.parseInt(read(join(root, file)) ?? '', 10)
    if (bytes > 0 && bytes < limit.bytes) limit = { bytes, source: `/${file}` }
  }
  return limit
}

/** A path and all above it, up to `/`. */
function upwards(path: string): string[] {
  const above = dirname(path)
  return above === path ? [path] : [path, ...upwards(above)]
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
