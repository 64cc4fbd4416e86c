// SPDX-License-Identifier: Apache-2.0
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { StoreFault } from '../store-fault.ts'
import { checkDataFile, HELP } from './data-file.ts'
import { lockFolder } from './folder-lock.ts'
import { isStore, upgradeFormat } from './format.ts'
import { LmdbStore, type LmdbStoreParts } from './lmdb-store.ts'
import { Room } from './room.ts'
import { openTables, TABLE_COUNT } from './tables.ts'

export const STORE_FILE = 'waggle.mdb'
/** More than a new store takes. */
const NEW_STORE_BYTES = 128 * 1024
/** LMDB's lock file with a place for each of its 126 readers has 8272. */
const LOCK_FILE_BYTES = 8272

export interface OpenedStore {
  readonly store: LmdbStore
  /** There was none before. */
  readonly isNew: boolean
}

/** Opens the store in a folder, which it locks. Throws a StoreFault where that cannot be done safely. */
export async function openLmdbStore(
  folder: string,
  parts: Omit<LmdbStoreParts, 'root' | 'tables' | 'room' | 'onClosed'>,
): Promise<OpenedStore> {
  makeFolder(folder)
  const lock = lockFolder(folder)
  try {
    const file = join(folder, STORE_FILE)
    const isNew = !checkDataFile(file)
    if (isNew) await create(file)
    writeLockFile(`${file}-lock`)
    const root = openRoot(file, parts.settings.durability !== 'disk')
    if (!isNew && !isStore(root)) {
      await root.close()
      throw new StoreFault(`${file} is not a store of Waggle. ${HELP}`)
    }
    const tables = openTables(root)
    upgradeFormat(tables, file)
    const store = new LmdbStore({ ...parts, root, tables, room: new Room(file), onClosed: () => lock.release() })
    return { store, isNew }
  } catch (error) {
    lock.release()
    if (error instanceof StoreFault) throw error
    throw new StoreFault(`The store in ${folder} cannot be opened: ${(error as Error).message}`, { cause: error })
  }
}

/** Under another name until it is whole: half a store would look like one that was damaged, at every start. */
async function create(file: string): Promise<void> {
  const unfinished = `${file}.new`
  checkRoom(unfinished)
  const root = openRoot(unfinished, false)
  upgradeFormat(openTables(root), unfinished)
  await root.close()
  rmSync(`${unfinished}-lock`, { force: true })
  renameSync(unfinished, file)
  syncFolders(dirname(file), dirname(file))
}

/** Makes the entries of the folders durable, from `inner` up to `outer`. */
function syncFolders(outer: string, inner: string): void {
  for (let folder = inner; ; folder = dirname(folder)) {
    const handle = openSync(folder, 'r')
    fsyncSync(handle)
    closeSync(handle)
    if (folder === outer) return
  }
}

/**
 * LMDB maps its lock file as soon as it has made it: on a full disk the first access would kill the process. So it finds one
 * that is there in full. What stands in it counts only while a second process has the store open, and none has.
 */
function writeLockFile(file: string): void {
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= LOCK_FILE_BYTES) return
    writeFileSync(file, Buffer.alloc(LOCK_FILE_BYTES), { flush: true })
  } catch (error) {
    throw new StoreFault(`${file} cannot be written: ${(error as Error).message}. Make room and start again.`)
  }
}

/** LMDB must not meet a full disk (see room.ts). */
function checkRoom(file: string): void {
  try {
    writeFileSync(file, Buffer.alloc(NEW_STORE_BYTES), { flush: true })
  } catch (error) {
    rmSync(file, { force: true })
    throw new StoreFault(
      `There is no room for a new store in ${dirname(file)}: ${(error as Error).message}. Make room and start again.`,
    )
  }
  rmSync(file)
}

function makeFolder(folder: string): void {
  try {
    const firstMade = mkdirSync(folder, { recursive: true })
    if (firstMade !== undefined) syncFolders(dirname(firstMade), folder)
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw new StoreFault(
      `The data folder ${folder} cannot be written: ${(error as Error).message}. It must belong to the user that runs Waggle.`,
    )
  }
}

function openRoot(path: string, noSync: boolean): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    noSync,
    // With it the fsync of a commit would follow when the next one is under way; what is durable would be harder to tell.
    overlappingSync: false,
    // Batches are made here, one at a time.
    eventTurnBatching: false,
    maxDbs: TABLE_COUNT,
    encoding: 'binary',
    keyEncoding: 'binary',
  })
}
