// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Complaint, DEFAULTS_ARE_USED, DOES_NOT_START, WHOLE_FILE } from './complaint.ts'
import { MAX_CONFIG_BYTES } from './decode-text.ts'
import type { Environment } from './environment.ts'
import type { Folders } from './folders.ts'
import { type ConfigReading, DEFAULT_CONFIG, DEFAULT_EFFECTIVE, parseConfig } from './parse-config.ts'

/**
 * Reads `config.xml` out of the config folder. Without the file the broker runs with HiveMQ's defaults; a file that is
 * there and cannot be read is an error, since what it forbids would be allowed.
 */
export async function readConfig(
  folders: Pick<Folders, 'config' | 'home'>,
  environment: Environment,
): Promise<ConfigReading> {
  return readConfigFile(join(folders.config, 'config.xml'), folders.home, environment)
}

/** The same of any file; `home` is the folder that files in it count from. */
export async function readConfigFile(file: string, home: string, environment: Environment): Promise<ConfigReading> {
  let bytes: Uint8Array
  try {
    // To wait for what somebody may write into a pipe would be to wait for ever.
    if (!(await stat(file)).isFile()) return unreadable(file, 'not a regular file')
    bytes = await readStart(file)
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' || code === 'ENOTDIR' ? missing(file) : unreadable(file, code)
  }
  return parseConfig(bytes, file, environment, home)
}

/** The file, up to just beyond the cap: parseConfig refuses what is longer. */
async function readStart(file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of createReadStream(file, { end: MAX_CONFIG_BYTES })) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

/** The file system's errors carry one; ERR_INVALID_ARG_VALUE, for a path with a NUL, is one too. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function missing(file: string): ConfigReading {
  const complaint: Complaint = {
    severity: 'warning',
    file,
    ...WHOLE_FILE,
    path: '',
    found: 'no such file',
    expected: 'the configuration',
    consequence: DEFAULTS_ARE_USED,
  }
  return { file, config: DEFAULT_CONFIG, complaints: [complaint], effective: DEFAULT_EFFECTIVE }
}

function unreadable(file: string, code: string): ConfigReading {
  const complaint: Complaint = {
    severity: 'error',
    file,
    ...WHOLE_FILE,
    path: '',
    found: `a file that cannot be read (${code})`,
    expected: 'a readable file',
    consequence: DOES_NOT_START,
  }
  return { file, config: null, complaints: [complaint], effective: [] }
}
