// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StoreFault } from '../store-fault.ts'

// LMDB maps its file into memory and trusts it: a page that is missing kills the process with SIGBUS, again at every start.
// So the file is looked at before it is opened. Two meta pages stand at its beginning, of which the one with the higher
// transaction counts:
//
//   0x18 magic (4)   0x1c version (4)   0x30 page size (4)   0x90 last page (8)   0x98 transaction (8)

const MAGIC = 0xbeefc0de
const VERSION = 2
const META_BYTES = 0xa0
export const HELP = 'Restore the file from a backup, or move it away to start with an empty store.'

interface Meta {
  readonly pageSize: number
  readonly lastPage: number
  readonly transaction: bigint
}

/** Whether there is a store to open; false for none yet. Throws a StoreFault for a file that cannot be opened safely. */
export function checkDataFile(file: string): boolean {
  const descriptor = openIfThere(file)
  if (descriptor === null) return false
  try {
    const { size } = fstatSync(descriptor)
    const first = readMeta(descriptor, 0, file, size)
    const second = readMeta(descriptor, first.pageSize, file, size)
    const meta = second.transaction > first.transaction ? second : first
    const expected = (meta.lastPage + 1) * meta.pageSize
    // Room (room.ts) keeps the file longer than that, so none is whole that is shorter.
    if (size < expected) {
      throw new StoreFault(`${file} is damaged: it has ${size} bytes and should have ${expected}. ${HELP}`)
    }
    return true
  } finally {
    closeSync(descriptor)
  }
}

function openIfThere(file: string): number | null {
  try {
    // What may only be read is found now, and not with the first change.
    return openSync(file, 'r+')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new StoreFault(
      `${file} cannot be opened: ${message}. It must be a file that belongs to the user that runs Waggle.`,
    )
  }
}

function readMeta(descriptor: number, position: number, file: string, size: number): Meta {
  const bytes = Buffer.alloc(META_BYTES)
  if (readSync(descriptor, bytes, 0, META_BYTES, position) < META_BYTES) {
    throw new StoreFault(`${file} is damaged: it ends after ${size} bytes, before its header does. ${HELP}`)
  }
  if (bytes.readUInt32LE(0x18) !== MAGIC) throw new StoreFault(`${file} is not a store of Waggle. ${HELP}`)
  const version = bytes.readUInt32LE(0x1c) & 0xffff
  if (version !== VERSION) {
    throw new StoreFault(`${file} is an LMDB file of version ${version}, and ${VERSION} was expected. ${HELP}`)
  }
  return {
    pageSize: bytes.readUInt32LE(0x30),
    lastPage: Number(bytes.readBigUInt64LE(0x90)),
    transaction: bytes.readBigUInt64LE(0x98),
  }
}
