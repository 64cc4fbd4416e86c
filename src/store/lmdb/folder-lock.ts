// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreFault } from '../store-fault.ts'

// Two brokers on one data folder would each believe to own the sessions. LMDB lets several processes in, so something else
// has to keep the second one out. Node has no file locks of its own; SQLite, which comes with it, takes those of the kernel
// (fcntl). They hold between containers that share a volume, and end with the process however it ends. A file with a
// process id in it does neither.

/** The file is empty; only its lock counts. Who deletes it while a broker runs lets a second one in. */
const LOCK_FILE = 'waggle.lock'

const SQLITE_BUSY = 5

/** Kept from the garbage collector, which would close them, and so end the lock. */
const held = new Set<DatabaseSync>()

interface SqliteError extends Error {
  readonly errcode?: number
}

export interface FolderLock {
  release(): void
}

/**
 * Keeps all others out of the folder, which must exist, until `release` or the end of the process. Throws a StoreFault.
 *
 * The kernel drops the locks of a process as soon as it closes any descriptor of the file: nothing else may open it.
 */
export function lockFolder(folder: string): FolderLock {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(join(folder, LOCK_FILE), { timeout: 0 })
    // Of a file that may only be read SQLite makes do with a shared lock, and says so with the first change. This one is
    // never committed, so the file stays empty; a journal on disk would only be one more file that a kill leaves behind.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; CREATE TABLE held (by)')
  } catch (error) {
    database?.close()
    throw new StoreFault(explain(folder, error as SqliteError), { cause: error })
  }
  const own = database
  held.add(own)
  return {
    release() {
      if (held.delete(own)) own.close()
    },
  }
}

function explain(folder: string, { errcode, message }: SqliteError): string {
  if (errcode === SQLITE_BUSY) {
    return (
      `Another Waggle is using the data folder ${folder}. Stop it first, or give this one a folder of its own with ` +
      'HIVEMQ_DATA_FOLDER.'
    )
  }
  return (
    `Could not lock ${join(folder, LOCK_FILE)} (${message}). The data folder has to exist, to be writable, and to be on a ` +
    'file system that has locks.'
  )
}
