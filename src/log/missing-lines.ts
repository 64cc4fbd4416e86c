// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../broker/logger.ts'

/** Stands where lines were dropped. */
export function missingLines(count: number): string {
  const lines = count === 1 ? '1 line is' : `${count} lines are`
  return `${lines} missing here: more came than could be written.`
}

/** Tells once that lines cannot be written, and once that they can again. */
export function reportTrouble(what: string, error: Error | null, logger: Logger): void {
  if (error === null) logger.info(`The log goes on: ${what} can be written again.`)
  else logger.error(`The log is not complete: ${what} cannot be written or rolled (${error.message}).`)
}
