// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'waggle.id'
/** HiveMQ's form; it makes a new one at each start, which tells nobody anything. */
const FORM = /^[A-Za-z0-9]{5}$/
const LENGTH = 5
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The name of this installation in its log: that of its data folder, or a new one. */
export async function installationId(dataFolder: string): Promise<string> {
  try {
    const kept = (await readFile(join(dataFolder, FILE), 'latin1')).trim()
    if (FORM.test(kept)) return kept
  } catch {
    // There is none yet.
  }
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

/** To be called when it is certain that the folder is this broker's. */
export async function keepInstallationId(dataFolder: string, id: string): Promise<void> {
  try {
    await mkdir(dataFolder, { recursive: true })
    await writeFile(join(dataFolder, FILE), `${id}\n`)
  } catch {
    // It counts for this run alone then, as in HiveMQ. A folder that matters more to others they have complained about.
  }
}
