// SPDX-License-Identifier: Apache-2.0

/** From the most to the least that is said; HiveMQ's words. */
export const LogLevel = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, OFF: 5 } as const
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel]
/** What a line can have. */
export type LineLevel = Exclude<keyof typeof LogLevel, 'OFF' | 'TRACE'>

/** The level that `HIVEMQ_LOG_LEVEL` names, in letters of any case as with HiveMQ; null where it names none. */
export function parseLogLevel(text: string): LogLevel | null {
  const name = text.trim().toUpperCase()
  if (name === 'ALL') return LogLevel.TRACE
  return Object.hasOwn(LogLevel, name) ? LogLevel[name as keyof typeof LogLevel] : null
}
