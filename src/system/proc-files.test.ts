// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { fieldOf, parseCpuTicks, parseDiskStats, parseNetDev, readProc } from './proc-files.ts'

describe('/proc', () => {
  it('has fields in kB, which come out in bytes, and others', () => {
    const status = 'Name:\tnode\nVmSize:\t 1200 kB\nThreads:\t11\n'
    expect(fieldOf(status, 'VmSize')).toBe(1_228_800)
    expect(fieldOf(status, 'Threads')).toBe(11)
    expect(fieldOf(status, 'Size')).toBeUndefined()
  })

  it('has the ticks of all CPUs, in which guests are counted once', () => {
    const stat = 'cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n'
    expect(parseCpuTicks(stat)).toEqual({ total: 621, idle: 450 })
  })

  it('has the bytes of network interfaces', () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:   17       1    0    0    0     0          0         0       18       1    0    0    0     0       0          0
  eth0:1527492019963 231172788    0    0    0     0          0         0 42 231172788    0    0    0     0       0          0
`
    expect(parseNetDev(text)).toEqual([
      { name: 'lo', received: 17, sent: 18 },
      { name: 'eth0', received: 1_527_492_019_963, sent: 42 },
    ])
  })

  it('has the bytes of disks, without partitions, loops and memory', () => {
    const text = ['loop0', 'ram0', 'sda', 'sda1', 'vda', 'nvme0n1', 'nvme0n1p2', 'mmcblk0', 'mmcblk0p1', 'dm-0']
      .map((name) => `   8       0 ${name} 1 0 2 0 3 0 4 0 0 0 0 0 0 0 0 0\n`)
      .join('')
    expect(parseDiskStats(text)).toEqual(
      ['sda', 'vda', 'nvme0n1', 'mmcblk0', 'dm-0'].map((name) => ({ name, received: 1024, sent: 2048 })),
    )
  })

  it('is cut where there are hundreds of devices', () => {
    const rows = Array.from({ length: 500 }, (_, i) => `veth${i}: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n`)
    expect(parseNetDev(`a\nb\n${rows.join('')}`)).toHaveLength(32)
  })

  it('may be missing', () => {
    expect(readProc('no/such/file')).toBeNull()
  })
})
