// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../broker/logger.ts'
import { type LineLevel, LogLevel } from './log-level.ts'
import { formatJson, formatText, type LogFormat, type LogLine } from './log-line.ts'

/** Takes lines as they are written, and never makes anybody wait. */
export interface LineTarget {
  write(line: string, wallTime: number): void
  /** Resolves when all is written that can be. */
  written(): Promise<void>
  flushSync(): void
}

/**
 * What operators read: on the console, and in hivemq.log where there is one. How the console has to look stands in
 * config.xml, so the first lines are kept until that is read.
 */
export class MainLog implements Logger {
  readonly #level: LogLevel
  readonly #wallTime: () => number
  #early: LogLine[] | null = []
  #console: { readonly target: LineTarget; readonly format: (line: LogLine) => string } | null = null
  #file: LineTarget | null = null

  constructor(level: LogLevel, wallTime: () => number) {
    this.#level = level
    this.#wallTime = wallTime
  }

  /** From here on it writes, first what was said before. */
  open(consoleTarget: LineTarget, format: LogFormat): void {
    this.#console = { target: consoleTarget, format: format === 'json' ? formatJson : formatText }
    this.#writeEarly()
  }

  /** Writes the same to a file. To be called before `open`, so that nothing is missing there. */
  copyTo(file: LineTarget): void {
    this.#file = file
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
    this.#log('ERROR', text, error)
  }

  async written(): Promise<void> {
    await Promise.all([this.#console?.target.written(), this.#file?.written()])
  }

  flushSync(): void {
    this.#console?.target.flushSync()
    this.#file?.flushSync()
  }

  get isOpen(): boolean {
    return this.#console !== null
  }

  #log(level: LineLevel, text: string, error?: unknown): void {
    if (LogLevel[level] < this.#level) return
    const line = { wallTime: this.#wallTime(), level, text, error }
    if (this.#early === null) this.#write(line)
    else this.#early.push(line)
  }

  #writeEarly(): void {
    const early = this.#early ?? []
    this.#early = null
    for (const line of early) this.#write(line)
  }

  #write(line: LogLine): void {
    this.#console!.target.write(this.#console!.format(line), line.wallTime)
    this.#file?.write(formatText(line), line.wallTime)
  }
}
