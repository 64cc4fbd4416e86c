// SPDX-License-Identifier: Apache-2.0
import type { Environment } from '../config/environment.ts'

/** What a command may know of the process. */
export interface CommandContext {
  readonly environment: Environment
  /** The home folder where the environment names none. */
  readonly defaultHome: string
  /** Relative arguments count from it. */
  readonly workingFolder: string
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}
