// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Beside the code, and not the system's, which is memory on many machines: what brokers write has to reach a disk. */
const PARENT = join(import.meta.dirname, 'tmp')

export interface TempFolder {
  readonly path: string
  remove(): void
}

/** An empty folder, which is also removed when this process is interrupted. */
export function makeTempFolder(name: string): TempFolder {
  mkdirSync(PARENT, { recursive: true })
  const path = mkdtempSync(join(PARENT, `${name}-`))
  const removeFiles = (): void => rmSync(path, { recursive: true, force: true })
  process.on('exit', removeFiles)
  return {
    path,
    remove() {
      process.off('exit', removeFiles)
      removeFiles()
    },
  }
}
