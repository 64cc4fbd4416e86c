// SPDX-License-Identifier: Apache-2.0

/** How a callback of an extension can go wrong, by the names that metrics have for it. */
export const CallbackFault = {
  /** It threw. */
  ERROR: 'error',
  /** Its promise was rejected. */
  REJECTED: 'rejected',
  /** It gave no answer in time. */
  TIMEOUT: 'timeout',
  /** Its answer was none of those that it may give. */
  INVALID: 'invalid',
  /** It held the event loop for longer than `waggle/watchdog/warn-after`. */
  BLOCKED: 'blocked',
} as const
export type CallbackFault = (typeof CallbackFault)[keyof typeof CallbackFault]
