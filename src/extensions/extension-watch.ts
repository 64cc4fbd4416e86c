// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Logger } from '../broker/logger.ts'
import { describeError } from './describe-error.ts'
import { InvalidDescription } from './extension-description.ts'
import { DISABLED_FILE, type ExtensionFolder, readExtensionFolder, subfoldersOf } from './extension-folder.ts'
import type { ExtensionRunner } from './extension-runner.ts'
import { FileDigests } from './file-digests.ts'

type Found = ExtensionFolder | InvalidDescription | null
type Digests = ReadonlyMap<string, string | null>

/** One folder of the extensions folder, with what was made of it. */
interface Watched {
  /** What was acted upon last: its state and description, and its code as it was loaded. */
  state: string
  files: Digests
  /** What was there at the last look. */
  seen: string
}

const ABSENT = 'absent'
const DISABLED = 'disabled'
const NO_FILES: Digests = new Map()

/**
 * Follows the folders of extensions: what is in them is started, anew when it changes, and stopped when it goes. Looks instead
 * of being told by the system: volumes of containers and network drives do not tell, and links within links are not followed.
 */
export class ExtensionWatch {
  readonly #folder: string
  readonly #runner: ExtensionRunner
  readonly #logger: Logger
  readonly #digests = new FileDigests()
  readonly #watched = new Map<string, Watched>()
  #lastFailure = ''

  constructor(folder: string, runner: ExtensionRunner, logger: Logger) {
    this.#folder = folder
    this.#runner = runner
    this.#logger = logger
  }

  /** Starts what is there. Throws where the folder of folders cannot be read. */
  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const folders: [path: string, found: Found][] = []
    for (const path of await subfoldersOf(this.#folder)) folders.push([path, await readExtensionFolder(path)])
    for (const [path, found] of folders.toSorted(byStartPriority)) await this.#act(path, found, true)
  }

  /** One look at everything. True if something was done. */
  async look(): Promise<boolean> {
    let folders: [path: string, found: Found][]
    try {
      folders = await this.#readAll()
      this.#lastFailure = ''
    } catch (error) {
      // A volume that is away for a moment ends nothing: it would be the end of everybody's decisions.
      const failure = describeError(error)
      if (failure !== this.#lastFailure) {
        this.#logger.warn(`The extensions folder ${this.#folder} cannot be read: what runs goes on. ${failure}`)
      }
      this.#lastFailure = failure
      return false
    }
    let hasActed = false
    for (const [path, found] of folders.toSorted(byStartPriority)) {
      if (!(await this.#hasSettled(path, found))) continue
      await this.#act(path, found, false)
      hasActed = true
    }
    return hasActed
  }

  async #readAll(): Promise<[path: string, found: Found][]> {
    const paths = new Set([...(await subfoldersOf(this.#folder)), ...this.#watched.keys()])
    const folders: [path: string, found: Found][] = []
    for (const path of paths) {
      try {
        folders.push([path, await readExtensionFolder(path)])
      } catch (error) {
        // Its files come and go just now; if it stays like this, it is as good as one that is written wrongly.
        folders.push([path, new InvalidDescription(path, describeError(error))])
      }
    }
    return folders
  }

  /** Whether it is something else than what was acted upon, and was the same at the last look: copying takes its time. */
  async #hasSettled(path: string, found: Found): Promise<boolean> {
    const watched = this.#watched.get(path) ?? { state: ABSENT, files: NO_FILES, seen: ABSENT }
    if (found !== null) this.#watched.set(path, watched)
    const state = stateOf(found)
    const now = await this.#contentOf(state, found, watched)
    const hasChanged = now !== describe(watched.state, watched.files)
    const isSeenAgain = now === watched.seen
    watched.seen = now
    return hasChanged && isSeenAgain
  }

  async #contentOf(state: string, found: Found, watched: Watched): Promise<string> {
    const digests = new Map<string, string | null>()
    if (isCode(found)) {
      const known = watched.state === state || found.entry === null ? [] : [found.entry]
      const names = watched.files.size > 0 ? watched.files.keys() : known
      for (const name of names) digests.set(name, await this.#digests.of(name))
    }
    return describe(state, digests)
  }

  async #act(path: string, found: Found, isBrokerStarting: boolean): Promise<void> {
    const state = stateOf(found)
    const files = await this.#follow(path, found, isBrokerStarting)
    if (found === null) this.#watched.delete(path)
    else this.#watched.set(path, { state, files, seen: '' })
  }

  /** Returns the files of its code as they were loaded. */
  async #follow(path: string, found: Found, isBrokerStarting: boolean): Promise<Digests> {
    const running = this.#runner.of(basename(path))
    if (isCode(found)) {
      return running === undefined ? this.#runner.start(found, isBrokerStarting) : this.#runner.reload(running, found)
    }
    if (found instanceof InvalidDescription) {
      const outcome = running === undefined ? 'The extension is ignored' : 'The extension goes on as it was'
      this.#logger.warn(`${found.file}: ${found.reason}. ${outcome}.`)
      return NO_FILES
    }
    if (found !== null && (isBrokerStarting || running !== undefined)) {
      const { name, version } = found.information
      this.#logger.info(`Extension "${name}" version ${version} is disabled: its folder has a file ${DISABLED_FILE}.`)
    }
    if (running !== undefined) await this.#runner.stop(running)
    return NO_FILES
  }
}

function isCode(found: Found): found is ExtensionFolder & { readonly isDisabled: false } {
  return found !== null && !(found instanceof InvalidDescription) && !found.isDisabled
}

function stateOf(found: Found): string {
  if (found === null) return ABSENT
  if (found instanceof InvalidDescription) return `${found.file}: ${found.reason}`
  return found.isDisabled ? DISABLED : JSON.stringify([found.description, found.entry, found.hasJar])
}

function describe(state: string, files: Digests): string {
  return JSON.stringify([state, ...files])
}

function byStartPriority([, one]: readonly [string, Found], [, other]: readonly [string, Found]): number {
  return startPriorityOf(other) - startPriorityOf(one)
}

/** What has to be stopped comes last: one that takes its place decides already. */
function startPriorityOf(found: Found): number {
  if (found instanceof InvalidDescription) return Number.MAX_SAFE_INTEGER
  return isCode(found) ? found.information.startPriority : Number.MIN_SAFE_INTEGER
}
