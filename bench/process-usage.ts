// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'

/** The unit of times in /proc, on every Linux of today (getconf CLK_TCK). */
const TICKS_PER_SEC = 100
/** Of the fields behind the process name in /proc/<pid>/stat. */
const UTIME = 11
const STIME = 12

/** CPU time of all threads of a process since its start, in user mode and in the kernel, in steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name stands in parentheses and may contain anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SEC
}

/** Resident memory of a process. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

/** The most that it ever was. */
export function peakResidentBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

/** Resident memory without pages of mapped files, which the kernel takes back when it needs them. */
export function privateBytes(pid: number): number {
  return statusBytes(pid, 'RssAnon')
}

function statusBytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}
