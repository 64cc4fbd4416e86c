// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'

// What Linux tells in /proc. The files are made by the kernel when they are read: no disk, some microseconds. Where there is no
// such file the metrics from it are left out.

/** `total` and `idle` in ticks since the computer was started. */
export interface CpuTicks {
  readonly total: number
  readonly idle: number
}

export interface Traffic {
  readonly name: string
  readonly received: number
  readonly sent: number
}

/** A host can have hundreds of interfaces and disks, as one with many containers does; nobody looks at so many. */
const MAX_DEVICES = 32
const SECTOR_BYTES = 512
const KIB = 1024
/** Loop devices and memory are no disks, and partitions are counted with their disk. */
const NO_DISK = /^(loop|ram|zram|sr|fd)\d|^(sd|vd|xvd|hd)[a-z]+\d+$|^(nvme\d+n\d+|mmcblk\d+)p\d+$/

export function readProc(name: string): string | null {
  try {
    return readFileSync(`/proc/${name}`, 'latin1')
  } catch {
    return null
  }
}

/** A line `Name:   123 kB` or `Name: 123`, as in meminfo and status; in bytes, or as it stands. */
export function fieldOf(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+)( kB)?`, 'm').exec(text)
  if (match === null) return undefined
  return Number(match[1]) * (match[2] === undefined ? 1 : KIB)
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal, and guests, which are part of user. */
export function parseCpuTicks(stat: string): CpuTicks {
  const ticks = stat.split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number)
  const [, , , idle = 0, ioWait = 0] = ticks
  return { total: ticks.reduce((sum, one) => sum + one, 0), idle: idle + ioWait }
}

/** /proc/net/dev: two lines of heading, then `name: bytes packets … (8 columns) bytes …`. */
export function parseNetDev(text: string): Traffic[] {
  const rows = text
    .split('\n')
    .slice(2, 2 + MAX_DEVICES)
    .filter((line) => line !== '')
  return rows.map((line) => {
    const [name = '', columns = ''] = line.split(':')
    const numbers = columns.trim().split(/\s+/).map(Number)
    return { name: name.trim(), received: numbers[0] ?? 0, sent: numbers[8] ?? 0 }
  })
}

/** /proc/diskstats: major minor name reads merged sectors ms writes merged sectors …; received is what was read. */
export function parseDiskStats(text: string): Traffic[] {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
  return rows
    .filter(({ length, 2: name }) => length > 9 && !NO_DISK.test(name!))
    .slice(0, MAX_DEVICES)
    .map((row) => ({
      name: row[2]!,
      received: Number(row[5]) * SECTOR_BYTES,
      sent: Number(row[9]) * SECTOR_BYTES,
    }))
}
