// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, readFileSync } from 'node:fs'

/** What a process did to the files of a folder; unsynced.c writes the records, in the order of their happening. */
export type JournalRecord =
  | {
      readonly type: 'opened'
      readonly inode: bigint
      readonly name: string
      readonly size: number
      readonly isFolder: boolean
      readonly isTruncated: boolean
    }
  /** `isSynced`: the file was opened with O_DSYNC, so the write was on the disk when it ended. */
  | {
      readonly type: 'written'
      readonly inode: bigint
      readonly offset: number
      readonly bytes: Buffer
      readonly isSynced: boolean
    }
  | { readonly type: 'resized'; readonly inode: bigint; readonly size: number }
  /** `sync` tells apart those that two threads do at the same time. */
  | { readonly type: 'sync-begins' | 'sync-ends'; readonly inode: bigint; readonly sync: number }
  | { readonly type: 'removed'; readonly name: string }
  | { readonly type: 'renamed'; readonly from: string; readonly to: string }
  /** Something that happened outside of the process, a message that came from it for example. */
  | { readonly type: 'mark'; readonly text: string }

const HEAD_BYTES = 24
const IS_SYNCED = 1
const IS_FOLDER = 2
const IS_TRUNCATED = 4

/** Notes something that the process has caused, and that therefore comes after its cause. */
export function appendMark(file: string, text: string): void {
  const bytes = Buffer.from(text)
  const head = Buffer.alloc(HEAD_BYTES)
  head.write('M')
  head.writeUInt32LE(bytes.length, 4)
  appendFileSync(file, Buffer.concat([head, bytes]))
}

/** The records of a process that has ended. A kill may have cut off the last one; what that tells of is not needed then. */
export function readJournal(file: string): JournalRecord[] {
  const bytes = readFileSync(file)
  const records: JournalRecord[] = []
  let at = 0
  while (bytes.length - at >= HEAD_BYTES) {
    const bodyAt = at + HEAD_BYTES
    const end = bodyAt + bytes.readUInt32LE(at + 4)
    if (end > bytes.length) break
    records.push(toRecord(bytes.subarray(at, bodyAt), bytes.subarray(bodyAt, end)))
    at = end
  }
  return records
}

function toRecord(head: Buffer, body: Buffer): JournalRecord {
  const type = head.toString('latin1', 0, 1)
  const flags = head.readUInt8(1)
  const inode = head.readBigUInt64LE(8)
  const number = Number(head.readBigUInt64LE(16))
  switch (type) {
    case 'O':
      return {
        type: 'opened',
        inode,
        name: body.toString(),
        size: number,
        isFolder: (flags & IS_FOLDER) !== 0,
        isTruncated: (flags & IS_TRUNCATED) !== 0,
      }
    case 'W':
      return { type: 'written', inode, offset: number, bytes: body, isSynced: (flags & IS_SYNCED) !== 0 }
    case 'T':
      return { type: 'resized', inode, size: number }
    case 'B':
      return { type: 'sync-begins', inode, sync: number }
    case 'E':
      return { type: 'sync-ends', inode, sync: number }
    case 'D':
      return { type: 'removed', name: body.toString() }
    case 'R': {
      const [from, to] = body.toString().split('\0')
      return { type: 'renamed', from: from!, to: to! }
    }
    case 'M':
      return { type: 'mark', text: body.toString() }
    default:
      throw new Error(`the journal has a record of an unknown type: ${type}`)
  }
}
