// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { StoreFault } from '../store-fault.ts'
import { checkDataFile } from './data-file.ts'
import { lockFolder } from './folder-lock.ts'
import { upgradeFormat } from './format.ts'
import { LmdbStore, type LmdbStoreParts } from './lmdb-store.ts'
import { openTables, TABLE_COUNT } from './tables.ts'

export const STORE_FILE = 'waggle.mdb'

export interface OpenedStore {
  readonly store: LmdbStore
  /** There was none before. */
  readonly isNew: boolean
}

/** Opens the store in a folder, which it locks. Throws a StoreFault where that cannot be done safely. */
export function openLmdbStore(
  folder: string,
  parts: Omit<LmdbStoreParts, 'root' | 'tables' | 'onClosed'>,
): OpenedStore {
  makeFolder(folder)
  const lock = lockFolder(folder)
  try {
    const file = join(folder, STORE_FILE)
    const isNew = !checkDataFile(file)
    const root = openRoot(file, parts.settings.durability !== 'disk')
    const tables = openTables(root)
    upgradeFormat(tables, file)
    return { store: new LmdbStore({ ...parts, root, tables, onClosed: () => lock.release() }), isNew }
  } catch (error) {
    lock.release()
    if (error instanceof StoreFault) throw error
    throw new StoreFault(`The store in ${folder} cannot be opened: ${(error as Error).message}`, { cause: error })
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
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
