// SPDX-License-Identifier: Apache-2.0
import { inspect } from 'node:util'
import { oneLine, shorten } from '../util/one-line.ts'
import type { LineLevel } from './log-level.ts'
import { timeStamp } from './time-stamp.ts'

export interface LogLine {
  readonly wallTime: number
  readonly level: LineLevel
  readonly text: string
  /** What was thrown, for its stack. */
  readonly error?: unknown
}

/** How lines look on the console. */
export type LogFormat = 'text' | 'json'

/** Level and time stand in the first 30 columns, as in HiveMQ's log. */
const HEAD_COLUMNS = 30
/** A topic has up to 64 KiB, which a terminal, or who collects the logs, need not bear. */
const LONGEST_TEXT = 16_384
const LONGEST_STACK = 65_536

/** For people and for what reads HiveMQ's log: `2026-11-23 16:05:12,345 INFO  - text`, below it the stack, if any. */
export function formatText({ wallTime, level, text, error }: LogLine): string {
  const head = `${timeStamp(wallTime)} ${level}`.padEnd(HEAD_COLUMNS)
  return `${head}- ${safe(text)}\n${error === undefined ? '' : `${stackOf(error)}\n`}`
}

/** For what collects logs: one object a line. */
export function formatJson({ wallTime, level, text, error }: LogLine): string {
  const stack = error === undefined ? undefined : stackOf(error)
  return `${JSON.stringify({ time: new Date(wallTime).toISOString(), level, message: safe(text), stack })}\n`
}

function safe(text: string): string {
  return oneLine(shorten(text, LONGEST_TEXT))
}

/** What a client has said may stand in the message of an error, with line breaks: none of its lines begins like one of the log. */
function stackOf(error: unknown): string {
  const [first, ...others] = shorten(inspect(error), LONGEST_STACK).split('\n').map(oneLine)
  return [first, ...others.map((line) => (line.startsWith(' ') ? line : `    ${line}`))].join('\n')
}
