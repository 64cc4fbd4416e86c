// SPDX-License-Identifier: Apache-2.0
import { inspect } from 'node:util'
import type { Logger } from '../broker/logger.ts'

/** From the most to the least that is said; HiveMQ's words. */
export const LogLevel = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, OFF: 5 } as const
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel]

/** Level and time stand in the first 30 columns, as in HiveMQ's log. */
const HEAD_COLUMNS = 30

/** The level that `HIVEMQ_LOG_LEVEL` names; INFO where it names none. */
export function parseLogLevel(text: string | undefined): LogLevel {
  return text !== undefined && Object.hasOwn(LogLevel, text) ? LogLevel[text as keyof typeof LogLevel] : LogLevel.INFO
}

/** Lines for people: `2026-11-23 16:05:12,345 INFO      - text`, in local time. */
export class ConsoleLogger implements Logger {
  readonly #level: LogLevel
  readonly #write: (line: string) => void
  readonly #wallTime: () => number

  constructor(level: LogLevel, write: (line: string) => void, wallTime: () => number) {
    this.#level = level
    this.#write = write
    this.#wallTime = wallTime
  }

  debug(text: string): void {
    this.#log('DEBUG', text)
  }

  info(text: string): void {
    this.#log('INFO', text)
  }

  warn(text: string): void {
    this.#log('WARN', text)
  }

  error(text: string, error?: unknown): void {
    this.#log('ERROR', text, error === undefined ? '' : `${inspect(error)}\n`)
  }

  #log(level: keyof typeof LogLevel, text: string, stack = ''): void {
    if (LogLevel[level] < this.#level) return
    const head = `${timeStamp(this.#wallTime())} ${level}`.padEnd(HEAD_COLUMNS)
    this.#write(`${head}- ${withoutControls(text)}\n${stack}`)
  }
}

/** `yyyy-MM-dd HH:mm:ss,SSS` in local time. */
function timeStamp(wallTime: number): string {
  const date = new Date(wallTime)
  const local = new Date(wallTime - date.getTimezoneOffset() * 60_000).toISOString()
  return local.slice(0, -1).replace('T', ' ').replace('.', ',')
}

/** A client chooses its identifier: it must not be able to write lines of its own, or to move the cursor. */
function withoutControls(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD')
}
