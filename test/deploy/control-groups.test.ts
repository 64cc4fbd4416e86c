// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { ControlGroups } from '../../bench/envelope/control-groups.ts'

// No machine has both versions with limits, so here they are files.

const LIMITS = { cpu: 0.7, memoryBytes: 512 * 1024 ** 2 }

class FakeMachine implements Disposable {
  readonly root: string = mkdtempSync(join(tmpdir(), 'waggle-cgroups-'))

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text)
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true })
    writeFileSync(join(this.root, name), text)
  }

  read(name: string): string {
    return readFileSync(join(this.root, name), 'utf8')
  }

  /** What joins, as paths from the root of the machine. */
  joined(groups: ControlGroups): string[] {
    return groups.joinFiles.map((file) => file.slice(this.root.length + 1))
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true })
  }
}

it('limits with version 1 below the groups of this process', () => {
  using machine = new FakeMachine({
    'proc/self/cgroup': '4:memory:/user/shell\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n',
    'sys/fs/cgroup/memory/user/shell/tasks': '',
    'sys/fs/cgroup/cpu,cpuacct/tasks': '',
  })
  const groups = ControlGroups.make(LIMITS, machine.root)
  const name = `waggle-envelope-${process.pid}`
  const [cpu, memory] = [`sys/fs/cgroup/cpu,cpuacct/${name}`, `sys/fs/cgroup/memory/user/shell/${name}`]
  expect(machine.joined(groups)).toEqual([`${cpu}/cgroup.procs`, `${memory}/cgroup.procs`])
  expect(machine.read(`${cpu}/cpu.cfs_period_us`)).toBe('100000')
  expect(machine.read(`${cpu}/cpu.cfs_quota_us`)).toBe('70000')
  expect(machine.read(`${memory}/memory.limit_in_bytes`)).toBe('536870912')
  machine.write(`${memory}/memory.usage_in_bytes`, '1000\n')
  machine.write(`${memory}/memory.stat`, 'cache 1\ntotal_cache 300\ntotal_rss 700\n')
  expect(groups.memory()).toEqual({ used: 1000, withoutFiles: 700 })
})

it('limits with version 2 beside the group of this process, which may have none below it', () => {
  using machine = new FakeMachine({
    'proc/self/cgroup': '0::/user.slice/shell.scope\n',
    'sys/fs/cgroup/user.slice/shell.scope/cgroup.type': 'domain\n',
  })
  const groups = ControlGroups.make(LIMITS, machine.root)
  const folder = `sys/fs/cgroup/user.slice/waggle-envelope-${process.pid}`
  expect(machine.joined(groups)).toEqual([`${folder}/cgroup.procs`])
  expect(machine.read('sys/fs/cgroup/user.slice/cgroup.subtree_control')).toBe('+cpu +memory')
  expect(machine.read(`${folder}/cpu.max`)).toBe('70000 100000')
  expect(machine.read(`${folder}/memory.max`)).toBe('536870912')
  machine.write(`${folder}/memory.current`, '1000\n')
  machine.write(`${folder}/memory.stat`, 'anon 600\nfile 300\nkernel 100\n')
  expect(groups.memory()).toEqual({ used: 1000, withoutFiles: 700 })
})
