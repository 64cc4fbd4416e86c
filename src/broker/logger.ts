// SPDX-License-Identifier: Apache-2.0

/** Where the broker says what an operator should know. */
export interface Logger {
  debug(text: string): void
  info(text: string): void
  warn(text: string): void
  error(text: string, error?: unknown): void
}
