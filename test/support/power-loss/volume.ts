// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { JournalRecord } from './journal.ts'
import { type Pick, VolatileFile } from './volatile-file.ts'

/** A file that is on the disk at first. */
export interface SyncedFile {
  readonly name: string
  readonly inode: bigint
  readonly bytes: Buffer
}

/** All files below a folder. */
export function readSyncedFiles(folder: string): SyncedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      name: relative(folder, path),
      inode: statSync(path, { bigint: true }).ino,
      bytes: readFileSync(path),
    }))
}

interface NameChange {
  readonly moment: number
  readonly name: string
  /** Null for none. */
  readonly file: VolatileFile | null
}

/**
 * The files below a folder, as a disk may hold them when the power goes: what was there at first, and what the records of a
 * journal made of it. A name, too, is on the disk for sure only when its folder was synced, or, as file systems do it for a
 * file that is new, the file itself. Folders are taken to be there.
 */
export class Volume {
  #moment = 0
  readonly #syncedNames = new Map<string, VolatileFile>()
  #nameChanges: NameChange[] = []
  /** As the system shows it. */
  readonly #names = new Map<string, VolatileFile>()
  readonly #files = new Map<bigint, VolatileFile>()
  readonly #folders = new Map<bigint, string>()
  /** When it began, by inode and thread. */
  readonly #syncs = new Map<string, number>()

  constructor(files: readonly SyncedFile[]) {
    for (const { name, inode, bytes } of files) {
      const file = new VolatileFile(bytes)
      this.#names.set(name, file)
      this.#syncedNames.set(name, file)
      this.#files.set(inode, file)
    }
  }

  apply(record: JournalRecord): void {
    const moment = ++this.#moment
    switch (record.type) {
      case 'opened':
        if (record.isFolder) this.#folders.set(record.inode, record.name)
        else this.#open(record)
        return
      case 'written': {
        const { inode, offset, bytes, isSynced } = record
        const file = this.#files.get(inode)!
        file.write(moment, offset, bytes)
        if (!isSynced) return
        file.syncRange(moment, offset, bytes.length)
        this.#syncNames((change) => change.file === file, moment)
        return
      }
      case 'resized':
        this.#files.get(record.inode)!.resize(moment, record.size)
        return
      case 'sync-begins':
        this.#syncs.set(`${record.inode} ${record.sync}`, moment)
        return
      case 'sync-ends':
        this.#sync(record.inode, this.#syncs.get(`${record.inode} ${record.sync}`)!)
        return
      case 'removed':
        this.#rename(record.name, null)
        return
      case 'renamed': {
        const file = this.#names.get(record.from)!
        this.#rename(record.from, null)
        this.#rename(record.to, file)
        return
      }
      case 'mark':
    }
  }

  /** Writes what a disk may hold into an empty folder. */
  writeAfterPowerLoss(folder: string, pick: Pick): void {
    for (const [name, file] of this.#namesAfterPowerLoss(pick)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), file.afterPowerLoss(pick))
    }
  }

  #open({ inode, name, size, isTruncated }: JournalRecord & { type: 'opened' }): void {
    const known = this.#files.get(inode)
    // The number of a file that was removed goes to another one; that one starts empty.
    const isKnown = known !== undefined && this.#names.get(name) === known && (isTruncated || known.size === size)
    if (isKnown) {
      if (isTruncated) known.resize(this.#moment, 0)
      return
    }
    const file = new VolatileFile(Buffer.alloc(0))
    this.#files.set(inode, file)
    this.#rename(name, file)
  }

  #rename(name: string, file: VolatileFile | null): void {
    this.#nameChanges.push({ moment: this.#moment, name, file })
    if (file === null) this.#names.delete(name)
    else this.#names.set(name, file)
  }

  /** What was there at the moment is on the disk. */
  #sync(inode: bigint, moment: number): void {
    const folder = this.#folders.get(inode)
    if (folder !== undefined) return this.#syncNames(({ name }) => parentOf(name) === folder, moment)
    const file = this.#files.get(inode)!
    file.sync(moment)
    this.#syncNames((change) => change.file === file, moment)
  }

  #syncNames(isMeant: (change: NameChange) => boolean, moment: number): void {
    for (const change of this.#nameChanges) {
      if (change.moment > moment || !isMeant(change)) continue
      if (change.file === null) this.#syncedNames.delete(change.name)
      else this.#syncedNames.set(change.name, change.file)
      // What the name meant before is past as well.
      this.#nameChanges = this.#nameChanges.filter(
        (other) => other.name !== change.name || other.moment > change.moment,
      )
    }
  }

  #namesAfterPowerLoss(pick: Pick): Map<string, VolatileFile> {
    const names = new Map(this.#syncedNames)
    for (const [name, changes] of Map.groupBy(this.#nameChanges, (change) => change.name)) {
      const chosen = pick(changes.length)
      const file = chosen === 0 ? this.#syncedNames.get(name) : changes[chosen - 1]!.file
      if (file == null) names.delete(name)
      else names.set(name, file)
    }
    return names
  }
}

function parentOf(name: string): string {
  const parent = dirname(name)
  return parent === '.' ? '' : parent
}
