// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, open } from 'node:fs/promises'
import { OWNER_BYTES } from './keys.ts'
import type { Tables } from './tables.ts'
import type { Change } from './write-batch.ts'

// LMDB must never meet a full disk: its answer to a write that fails corrupts the heap (3.5.6: a text that is longer than the
// memory it was given). So the file is always longer than what LMDB has written, by more than the next commit can take:
//
//   pages in use | free for the next commit | kept for when the disk is full
//                ▲ LMDB's last page                                          ▲ end of the file: zeros, but allocated
//
// What is kept lets clients take their messages, which frees pages, when nothing new can be stored any more.

const PAGE_BYTES = 4096
/** Tables, their roots and branches, the list of free pages. */
const FIXED_PAGES = 64
/** A key that stands alone: its leaf is written anew, and may be split. */
const LONE_KEY_PAGES = 2
/** The same for one beside another: a leaf has at least two. */
const REMOVED_PAGES = 1
const KEPT_BYTES = 4 * 1024 * 1024
/** The file grows by so much at a time. */
const STEP_BYTES = 16 * 1024 * 1024
const ZEROS = Buffer.alloc(1024 * 1024)

/** The most that a commit of these changes can take; neighbours share their leaves. `pagesOf`: what a table has without its long values. */
export function bytesFor(changes: readonly Change[], pagesOf: (table: keyof Tables) => number): number {
  let pages = FIXED_PAGES
  let bytes = 0
  for (const [table, ofTable] of Map.groupBy(changes, (change) => change.table)) {
    let removedPages = 0
    let before: Change | null = null
    for (const change of ofTable) {
      const isLone = before === null || !areNeighbours(change, before)
      before = change
      if (change.value === null) removedPages += isLone ? LONE_KEY_PAGES : REMOVED_PAGES
      else {
        pages += isLone ? LONE_KEY_PAGES : 0
        bytes += change.key.length + change.value.length
      }
    }
    // What is only removed makes nothing longer: at worst each page is written anew. Asked only where it matters (6 µs).
    pages += removedPages > FIXED_PAGES ? Math.min(removedPages, pagesOf(table)) : removedPages
  }
  return pages * PAGE_BYTES + bytes * 2
}

/**
 * On a full disk there is room where messages were: LMDB takes from there first. But a long value needs pages in a row: with
 * messages of 10 kB it asked for new ones when a third was still free. So at a third the disk counts as full again, not before
 * half is free it is not, and a part of what is kept has to be there still.
 */
function hasRoomWithin(kept: number, freeShare: number, wasFull: boolean): boolean {
  return wasFull ? kept >= KEPT_BYTES / 2 && freeShare > 1 / 2 : kept >= KEPT_BYTES / 4 && freeShare > 1 / 3
}

function areNeighbours(change: Change, before: Change): boolean {
  return change.key.subarray(0, OWNER_BYTES).equals(before.key.subarray(0, OWNER_BYTES))
}

/** The end of the data file. Nothing else may write to the file while `reserve` runs. */
export class Room {
  readonly #file: string
  #handle: FileHandle | null = null
  /** Why the file could not be made longer; null when it could. */
  trouble: Error | null = null

  constructor(file: string) {
    this.#file = file
  }

  /**
   * Makes room for a commit of so many bytes behind `used`, LMDB's last page; false when there is none. `freeBytes`: what is free
   * before it.
   */
  async reserve(used: number, bytes: number, freeBytes: () => number): Promise<boolean> {
    const wasFull = this.trouble !== null
    // A full disk that is not for a small commit would be for the next.
    const wanted = used + bytes + KEPT_BYTES + (wasFull ? ZEROS.length : 0)
    let end = 0
    try {
      this.#handle ??= await open(this.#file, 'r+')
      end = (await this.#handle.stat()).size
      if (end < wanted) end = await this.#extend(this.#handle, end, wanted + STEP_BYTES)
      this.trouble = null
    } catch (error) {
      this.trouble = error as Error
      end = (await this.#handle?.stat())?.size ?? 0
    }
    if (end >= wanted) this.trouble = null
    else if (hasRoomWithin(end - used - bytes, freeBytes() / used, wasFull)) this.trouble = null
    return end >= used + bytes
  }

  async close(): Promise<void> {
    await this.#handle?.close()
  }

  async #extend(handle: FileHandle, from: number, to: number): Promise<number> {
    let end = from
    while (end < to) {
      const { bytesWritten } = await handle.write(ZEROS, 0, Math.min(ZEROS.length, to - end), end)
      end += bytesWritten
    }
    return end
  }
}
