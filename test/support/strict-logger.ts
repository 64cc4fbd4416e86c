// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../../src/broker/logger.ts'

/** Faults of our own fail a test, whatever else it looks at. */
export const strictLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (text, error) => {
    throw new Error(text, { cause: error })
  },
}
