// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import type { Environment } from './environment.ts'

/** HiveMQ's five folders, as absolute paths. */
export interface Folders {
  readonly home: string
  readonly config: string
  readonly data: string
  readonly log: string
  readonly extensions: string
}

/** A relative folder lies below the home, a relative home below the working directory. An empty variable counts as not set. */
export function resolveFolders(environment: Environment, defaultHome: string): Folders {
  const home = resolve(folderOf(environment, 'HIVEMQ_HOME', defaultHome))
  return {
    home,
    config: resolve(home, folderOf(environment, 'HIVEMQ_CONFIG_FOLDER', 'conf')),
    data: resolve(home, folderOf(environment, 'HIVEMQ_DATA_FOLDER', 'data')),
    log: resolve(home, folderOf(environment, 'HIVEMQ_LOG_FOLDER', 'log')),
    // The one name in the singular is HiveMQ's.
    extensions: resolve(home, folderOf(environment, 'HIVEMQ_EXTENSION_FOLDER', 'extensions')),
  }
}

function folderOf(environment: Environment, name: string, fallback: string): string {
  const folder = environment[name]
  return folder === undefined || folder === '' ? fallback : folder
}
