// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../util/clock.ts'
import type { PersistenceSettings } from '../persistence-settings.ts'

// An operator learns at start what the guarantee costs on this disk: it differs by a factor of a thousand between a drive
// with a protected cache and a network volume, and nothing else limits a publisher that waits for each acknowledgement as
// much.

/** What one commit takes in the data folder. */
export interface CommitLatency {
  readonly ms: number
  /** Not even one was done after so long. */
  readonly isAtLeast: boolean
}

const ROUNDS = 7
/** A broker on a slow disk must not start later for the sake of a line in its log. */
const LONGEST_MS = 80
const PAGE = Buffer.alloc(4096)
const HEADER = PAGE.subarray(0, 256)

/** Null where it could not be measured: a disk that is full must not keep the broker from starting. */
export async function measureCommitLatency(folder: string, clock: Clock): Promise<CommitLatency | null> {
  const rounds: number[] = []
  let isOver = false
  const measurement = timeRounds(join(folder, 'sync-latency.tmp'), clock, rounds, () => isOver)
  const { promise: timeLimit, resolve } = Promise.withResolvers<'late'>()
  const cancel = clock.alarm(clock.now() + LONGEST_MS, () => resolve('late'))
  const end = await Promise.race([timeLimit, measurement])
  cancel()
  isOver = true
  const median = rounds.toSorted((a, b) => a - b)[rounds.length >> 1]
  if (median !== undefined) return { ms: median, isAtLeast: false }
  return end === 'late' ? { ms: LONGEST_MS, isAtLeast: true } : null
}

/** What is said at start, in HiveMQ's words where it has some. */
export function describePersistence(settings: PersistenceSettings, latency: CommitLatency | null): string {
  if (settings.mode === 'in-memory') return 'Starting with in-memory persistence mode. Nothing survives a restart.'
  return `Starting with file persistence mode. ${describeDurability(settings, latency)}`
}

function describeDurability({ durability }: PersistenceSettings, latency: CommitLatency | null): string {
  switch (durability) {
    case 'disk':
      return `Acknowledgements wait for the disk${latency === null ? '' : `: ${describeLatency(latency)}`}.`
    case 'os':
      return 'Acknowledgements wait for the operating system, not for the disk: a power loss may take what they promise.'
    case 'memory':
      return 'Acknowledgements wait for nothing: a crash may take what they promise.'
  }
}

function describeLatency({ ms, isAtLeast }: CommitLatency): string {
  const perSecond = rounded(1_000 / Math.max(ms, 0.001))
  return isAtLeast
    ? `more than ${ms} ms here, fewer than ${perSecond} batches/s`
    : `${rounded(ms)} ms here, about ${perSecond} batches/s`
}

/** To two digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(2))
}

/** Does again and again what LMDB does for a commit: pages, fdatasync, then the header, which is on the disk when written. */
async function timeRounds(file: string, clock: Clock, rounds: number[], isOver: () => boolean): Promise<void> {
  try {
    await using pages = await open(file, 'w')
    await using header = await open(file, constants.O_WRONLY | constants.O_DSYNC)
    // The first one allocates blocks, which LMDB seldom does.
    await commit(pages, header)
    while (rounds.length < ROUNDS && !isOver()) {
      const startedAt = clock.now()
      await commit(pages, header)
      rounds.push(clock.now() - startedAt)
    }
  } catch {
    // What is wrong with the folder is said by those who cannot do without it.
  }
  // Not before: some file systems need not write what has no name.
  await rm(file, { force: true }).catch(() => undefined)
}

async function commit(pages: FileHandle, header: FileHandle): Promise<void> {
  await pages.write(PAGE, 0, PAGE.length, PAGE.length)
  await pages.datasync()
  await header.write(HEADER, 0, HEADER.length, 0)
}
