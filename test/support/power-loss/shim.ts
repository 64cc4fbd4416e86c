// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { canTest, isOnPath } from '../tools.ts'

const SOURCE = join(import.meta.dirname, 'unsynced.c')
const BUILD_FOLDER = join(import.meta.dirname, '../../../dist/test')

/** It takes a C compiler. */
export const canTestPowerLoss: boolean = canTest('cc', isOnPath('cc'), 'apt-get install gcc libc6-dev')

let built: string | null = null

/** The library to preload, built once. */
export function unsyncedLibrary(): string {
  if (built !== null) return built
  mkdirSync(BUILD_FOLDER, { recursive: true })
  const library = join(BUILD_FOLDER, 'unsynced.so')
  // Another process may be loading it: it is replaced whole.
  const fresh = `${library}.${process.pid}`
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', fresh, SOURCE])
  renameSync(fresh, library)
  built = library
  return library
}
