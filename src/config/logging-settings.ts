// SPDX-License-Identifier: Apache-2.0

/** waggle/logging: what HiveMQ has in logback.xml. */
export interface LoggingSettings {
  /** How lines look on the console; files are always text. */
  readonly format: 'text' | 'json'
}

export const DEFAULT_LOGGING: LoggingSettings = { format: 'text' }
