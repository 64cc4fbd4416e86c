// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import type { Environment } from './environment.ts'
import { readJavaOptions } from './java-options.ts'

/** HiveMQ's five folders, as absolute paths. */
export interface Folders {
  readonly home: string
  readonly config: string
  readonly data: string
  readonly log: string
  readonly extensions: string
}

interface Source {
  readonly property: string
  readonly variable: string
}

const HOME: Source = { property: 'hivemq.home', variable: 'HIVEMQ_HOME' }
const CONFIG: Source = { property: 'hivemq.config.folder', variable: 'HIVEMQ_CONFIG_FOLDER' }
const DATA: Source = { property: 'hivemq.data.folder', variable: 'HIVEMQ_DATA_FOLDER' }
const LOG: Source = { property: 'hivemq.log.folder', variable: 'HIVEMQ_LOG_FOLDER' }
// The one variable in the singular is HiveMQ's.
const EXTENSIONS: Source = { property: 'hivemq.extensions.folder', variable: 'HIVEMQ_EXTENSION_FOLDER' }

/** A relative folder lies below the home, a relative home below the working directory. What is empty counts as not set. */
export function resolveFolders(environment: Environment, defaultHome: string): Folders {
  const home = resolve(find(environment, HOME) ?? defaultHome)
  return {
    home,
    config: resolve(home, find(environment, CONFIG) ?? 'conf'),
    data: resolve(home, find(environment, DATA) ?? 'data'),
    log: resolve(home, find(environment, LOG) ?? 'log'),
    extensions: resolve(home, find(environment, EXTENSIONS) ?? 'extensions'),
  }
}

/** Whether somebody has said where log files have to be. */
export function isLogFolderNamed(environment: Environment): boolean {
  return find(environment, LOG) !== undefined
}

/** The property wins, as in HiveMQ. */
function find(environment: Environment, { property, variable }: Source): string | undefined {
  const { hivemqProperties } = readJavaOptions(environment['JAVA_OPTS'])
  return [hivemqProperties.get(property), environment[variable]].find((value) => value !== undefined && value !== '')
}
