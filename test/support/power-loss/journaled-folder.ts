// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendMark, type JournalRecord, readJournal } from './journal.ts'
import { unsyncedLibrary } from './shim.ts'
import type { Pick } from './volatile-file.ts'
import { readSyncedFiles, type SyncedFile, Volume } from './volume.ts'

/**
 * A folder whose disk may lose power. A process that is started with `environment` keeps a journal of what it does there;
 * once it was killed, the folder can be given the contents that a disk may hold, at the end or at any moment before:
 *
 *   using disk = new JournaledFolder(folder)
 *   const child = spawn(…, { env: { ...env, ...disk.environment } })
 *   …                                    disk.mark('acknowledged 17') notes what came out of the process
 *   child.kill('SIGKILL')                and its 'exit' has to be waited for
 *   disk.losePower(OLDEST)
 */
export class JournaledFolder implements Disposable {
  readonly folder: string
  readonly #own: string
  readonly #journal: string
  readonly #bootId = randomBytes(4).toString('hex')
  #records: readonly JournalRecord[] | null = null
  readonly #files: readonly SyncedFile[]
  #volume: Volume
  /** So many records are in the volume. */
  #applied = 0

  /** What is in the folder is on the disk. */
  constructor(folder: string) {
    this.folder = realpathSync(folder)
    this.#own = mkdtempSync(join(tmpdir(), 'waggle-journal-'))
    this.#journal = join(this.#own, 'journal')
    this.#files = readSyncedFiles(this.folder)
    this.#volume = new Volume(this.#files)
  }

  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: unsyncedLibrary(),
      UNSYNCED_FOLDER: this.folder,
      UNSYNCED_JOURNAL: this.#journal,
      UNSYNCED_BOOT: this.#bootId,
    }
  }

  mark(text: string): void {
    appendMark(this.#journal, text)
  }

  /** What happened, once the process has ended. */
  get records(): readonly JournalRecord[] {
    this.#records ??= readJournal(this.#journal)
    return this.#records
  }

  /** The power goes after so many records, all of them unless said otherwise. */
  losePower(pick: Pick, after: number = this.records.length): void {
    // From one moment to a later one it goes on where it is.
    if (after < this.#applied) {
      this.#volume = new Volume(this.#files)
      this.#applied = 0
    }
    for (; this.#applied < after; this.#applied++) this.#volume.apply(this.records[this.#applied]!)
    for (const name of readdirSync(this.folder)) rmSync(join(this.folder, name), { recursive: true })
    this.#volume.writeAfterPowerLoss(this.folder, pick)
  }

  [Symbol.dispose](): void {
    rmSync(this.#own, { recursive: true })
  }
}
