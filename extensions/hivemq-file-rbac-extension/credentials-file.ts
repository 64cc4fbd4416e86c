// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExtensionLogger } from 'waggle/extension'
import { archiveName, toXml } from './archive.ts'
import type { Credentials } from './credentials.ts'
import type { ExtensionConfig } from './extension-config.ts'
import { readCredentials } from './read-credentials.ts'

/** Up to 4.5 beside the jar; since 4.6 in conf. The old place counts where both are there. */
export const CREDENTIALS_PLACES: readonly string[] = ['credentials.xml', join('conf', 'credentials.xml')]
/** A thousand users take less than 1 MiB. */
const MAX_BYTES = 64 * 1024 * 1024
/** So many are said of a file; one mistake can repeat itself in each of its users. */
const MAX_PROBLEMS = 20
const ARCHIVE = 'credentials-archive'

/** credentials.xml in the folder of the extension, and what was read from it last. */
export class CredentialsFile {
  readonly #folder: string
  readonly #config: ExtensionConfig
  readonly #log: ExtensionLogger
  readonly #wallTime: () => number
  /** What was read last, valid or not, so that each text is complained of once. */
  #lastText: string | null = null
  #isValid = false
  #wasMissing = false
  /** What was read last is what is in force: else it is looked at again soon, it may have been half of a file. */
  get isValid(): boolean {
    return this.#isValid
  }

  /** What is in force; null as long as no file was valid. */
  credentials: Credentials | null = null

  constructor(folder: string, config: ExtensionConfig, log: ExtensionLogger, wallTime: () => number) {
    this.#folder = folder
    this.#config = config
    this.#log = log
    this.#wallTime = wallTime
  }

  /**
   * Looks at the file. One that has changed and is valid takes the place of what was in force, which is archived first; one
   * that is not valid, or gone, changes nothing. Its content is compared, not its time: a copy may be older.
   */
  async refresh(): Promise<void> {
    const found = await this.#read()
    if (found === null || found.text === this.#lastText) return
    this.#lastText = found.text
    this.#isValid = false
    const { credentials, problems, warnings } = readCredentials(found.text, this.#config)
    for (const warning of warnings) this.#log.warn(`${found.file}: ${warning}`)
    if (credentials === null) {
      const effect = this.credentials === null ? 'all connections are denied' : 'what was read before stays in force'
      this.#log.warn(`${found.file} is not valid, ${effect}:`)
      // A line each: a log has no lines within lines.
      for (const problem of problems.slice(0, MAX_PROBLEMS)) this.#log.warn(`${found.file}: ${problem}`)
      const more = problems.length - MAX_PROBLEMS
      if (more > 0) this.#log.warn(`${found.file}: and ${more} more like these`)
      return
    }
    if (this.credentials !== null) await this.#archive(this.credentials)
    this.credentials = credentials
    this.#isValid = true
    this.#log.info(`${found.file}: ${credentials.users.size} users and ${credentials.roles.size} roles are in force`)
  }

  async #read(): Promise<{ file: string; text: string } | null> {
    for (const place of CREDENTIALS_PLACES) {
      const file = join(this.#folder, place)
      try {
        const text = await readSteady(file)
        this.#wasMissing = false
        // It is being written.
        return text === null ? null : { file, text }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        // Said once for each reason.
        const reason = `unreadable: ${(error as Error).message}`
        if (this.#lastText !== reason) this.#log.warn(`${file} cannot be read: ${(error as Error).message}`)
        this.#lastText = reason
        return null
      }
    }
    if (this.credentials === null && !this.#wasMissing) {
      this.#log.warn(`There is no ${CREDENTIALS_PLACES.join(' or ')} in ${this.#folder}: all connections are denied`)
    }
    this.#wasMissing = true
    return null
  }

  /** An existing archive is never overwritten. It holds the hashes of passwords, so it is for the broker's user alone. */
  async #archive(previous: Credentials): Promise<void> {
    const folder = join(this.#folder, ARCHIVE)
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(join(folder, archiveName(new Date(this.#wallTime()))), toXml(previous), {
        mode: 0o600,
        flag: 'wx',
      })
    } catch (error) {
      this.#log.warn(`What was in force before could not be written to ${folder}: ${(error as Error).message}`)
    }
  }
}

/**
 * The text of a file; null if it was written to meanwhile, since half of an old and half of a new file may make one that is valid.
 * What stands under the name may be replaced: it is looked at and read by its handle.
 */
async function readSteady(file: string): Promise<string | null> {
  // A pipe would keep a thread until somebody writes to it.
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  const before = await handle.stat()
  if (!before.isFile()) throw new Error('it is no file')
  if (before.size > MAX_BYTES) throw new Error(`it has ${before.size} bytes, more than ${MAX_BYTES}`)
  const text = await handle.readFile('utf8')
  const after = await handle.stat()
  return after.mtimeMs === before.mtimeMs && after.size === before.size ? text : null
}
