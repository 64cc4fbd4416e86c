// SPDX-License-Identifier: Apache-2.0
import type { RootDatabase } from 'lmdb'
import { StoreFault } from '../store-fault.ts'
import type { Table, Tables } from './tables.ts'

/** Raised with every change of what keys and values mean; MIGRATIONS then gets the way there. */
export const FORMAT = 1

/** MIGRATIONS[n] turns format n into n + 1, in one transaction. */
const MIGRATIONS: Readonly<Record<number, (tables: Tables) => void>> = {}

const FORMAT_KEY = Buffer.from('format')

/** Other programs have LMDB files too. Looks without making the tables, so that theirs stay as they are. */
export function isStore(root: RootDatabase<Buffer, Buffer>): boolean {
  const options = { name: 'meta', encoding: 'binary', keyEncoding: 'binary', create: false } as const
  const meta = root.openDB<Buffer, Buffer>(options) as Table | undefined
  return meta?.get(FORMAT_KEY) !== undefined
}

/** Brings a store to the format of this version. Throws a StoreFault for one that a newer version has written. */
export function upgradeFormat(tables: Tables, file: string): void {
  const found = tables.meta.get(FORMAT_KEY)?.readUInt32LE(0)
  if (found === undefined) return writeFormat(tables, FORMAT)
  if (found > FORMAT) {
    throw new StoreFault(
      `${file} was written by a newer Waggle: its format is ${found}, and this version knows ${FORMAT}. ` +
        'Start the newer version, or move the file away to start with an empty store.',
    )
  }
  for (let format = found; format < FORMAT; format++) {
    tables.meta.transactionSync(() => {
      MIGRATIONS[format]!(tables)
      writeFormat(tables, format + 1)
    })
  }
}

function writeFormat(tables: Tables, format: number): void {
  const value = Buffer.alloc(4)
  value.writeUInt32LE(format)
  tables.meta.putSync(FORMAT_KEY, value)
}
