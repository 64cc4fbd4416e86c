// SPDX-License-Identifier: Apache-2.0

/** What an extension has thrown, which can be anything, in one line: its message and where it was thrown. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `${typeof error} ${safeString(error)}`
  const at = /\n\s+at (.*)/.exec(error.stack ?? '')?.[1]
  return `${error.name}: ${error.message}${at === undefined ? '' : ` (${at})`}`
}

/** Objects can refuse to be a string. */
function safeString(value: unknown): string {
  try {
    return String(value).slice(0, 200)
  } catch {
    return 'that has no text'
  }
}
