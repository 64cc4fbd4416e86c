// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readMemoryLimit, type MemoryLimit } from './memory-limit.ts'

const MIB = 1024 * 1024
const TOTAL = 64 * 1024 * MIB

/** What is read from a computer with these files. */
function limitWith(files: Readonly<Record<string, string>>): MemoryLimit {
  const root = mkdtempSync(join(tmpdir(), 'waggle-cgroup-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
    return readMemoryLimit(root, TOTAL)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const WHOLE = { bytes: TOTAL, source: 'all memory of the computer' }

describe('the memory limit', () => {
  it('is that of a container with cgroups of version 2', () => {
    expect(
      limitWith({
        'proc/self/cgroup': '0::/\n',
        'sys/fs/cgroup/memory.max': `${512 * MIB}\n`,
        'sys/fs/cgroup/memory.high': 'max\n',
      }),
    ).toEqual({ bytes: 512 * MIB, source: '/sys/fs/cgroup/memory.max' })
  })

  it('is memory.high where that is less', () => {
    expect(
      limitWith({
        'proc/self/cgroup': '0::/\n',
        'sys/fs/cgroup/memory.max': `${512 * MIB}\n`,
        'sys/fs/cgroup/memory.high': `${400 * MIB}\n`,
      }),
    ).toEqual({ bytes: 400 * MIB, source: '/sys/fs/cgroup/memory.high' })
  })

  it('is the least of the groups above the process', () => {
    expect(
      limitWith({
        'proc/self/cgroup': '0::/system.slice/waggle.service\n',
        'sys/fs/cgroup/system.slice/waggle.service/memory.max': 'max\n',
        'sys/fs/cgroup/system.slice/memory.max': `${300 * MIB}\n`,
      }),
    ).toEqual({ bytes: 300 * MIB, source: '/sys/fs/cgroup/system.slice/memory.max' })
  })

  it('is that of a container with cgroups of version 1, whose path is that of the host', () => {
    expect(
      limitWith({
        'proc/self/cgroup': '11:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n',
        'sys/fs/cgroup/memory/memory.limit_in_bytes': `${256 * MIB}\n`,
      }),
    ).toEqual({ bytes: 256 * MIB, source: '/sys/fs/cgroup/memory/memory.limit_in_bytes' })
  })

  it('is found where memory shares its hierarchy, and where both versions are mounted', () => {
    const limit = limitWith({
      'proc/self/cgroup': '3:cpu,memory,pids:/a\n0::/\n',
      'sys/fs/cgroup/memory/a/memory.limit_in_bytes': `${128 * MIB}\n`,
    })
    expect(limit.bytes).toBe(128 * MIB)
  })

  it('is all memory where nothing limits it', () => {
    expect(limitWith({})).toEqual(WHOLE)
    const noLimit = { 'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }
    expect(limitWith({ 'proc/self/cgroup': '4:memory:/\n', ...noLimit })).toEqual(WHOLE)
    expect(limitWith({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.max': 'nonsense' })).toEqual(WHOLE)
    expect(limitWith({ 'proc/self/cgroup': '0::/../../elsewhere\n' })).toEqual(WHOLE)
  })

  it('can be read on this computer', () => {
    const { bytes } = readMemoryLimit()
    expect(bytes).toBeGreaterThan(64 * MIB)
    expect(bytes).toBeLessThanOrEqual(totalmem())
  })
})
