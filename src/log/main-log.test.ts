// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { LogLevel, parseLogLevel } from './log-level.ts'
import type { LogFormat } from './log-line.ts'
import { type LineTarget, MainLog } from './main-log.ts'

class Lines implements LineTarget {
  text = ''

  write(line: string): void {
    this.text += line
  }

  written(): Promise<void> {
    return Promise.resolve()
  }

  flushSync(): void {
    // Nothing waits in memory.
  }
}

const wallTime = (): number => new Date(2026, 10, 23, 16, 5, 12, 345).getTime()

function logged(level: LogLevel, log: (logger: MainLog) => void, format: LogFormat = 'text'): string {
  const lines = new Lines()
  const logger = new MainLog(level, wallTime)
  logger.open(lines, format)
  log(logger)
  return lines.text
}

describe('MainLog', () => {
  it('writes lines as HiveMQ does', () => {
    const text = logged(LogLevel.DEBUG, (logger) => {
      logger.debug('Detail')
      logger.info('Started')
      logger.warn('Careful')
    })
    expect(text).toBe(
      '2026-11-23 16:05:12,345 DEBUG - Detail\n' +
        '2026-11-23 16:05:12,345 INFO  - Started\n' +
        '2026-11-23 16:05:12,345 WARN  - Careful\n',
    )
  })

  it('writes what was said before it was open, in its order and with its time', () => {
    let now = wallTime()
    const logger = new MainLog(LogLevel.INFO, () => now)
    const [terminal, file] = [new Lines(), new Lines()]
    logger.info('early')
    logger.copyTo(file)
    now += 5
    logger.open(terminal, 'text')
    logger.info('late')
    expect(terminal.text).toBe('2026-11-23 16:05:12,345 INFO  - early\n2026-11-23 16:05:12,350 INFO  - late\n')
    expect(file.text).toBe(terminal.text)
  })

  it('says what is at or above its level', () => {
    const say = (logger: MainLog): void => {
      logger.debug('d')
      logger.info('i')
      logger.error('e')
    }
    expect(logged(LogLevel.DEBUG, say).match(/[die]\n/g)).toHaveLength(3)
    expect(logged(LogLevel.WARN, say).match(/[die]\n/g)).toHaveLength(1)
    expect(logged(LogLevel.OFF, say)).toBe('')
  })

  it('shows the stack of an error, in which no line can look like one of the log', () => {
    const error = new TypeError('no\n2026-11-23 16:05:12,345 INFO  - All is well\u001b[2J')
    const lines = logged(LogLevel.INFO, (logger) => logger.error('broken', error)).split('\n')
    expect(lines[0]).toBe('2026-11-23 16:05:12,345 ERROR - broken')
    expect(lines[1]).toBe('TypeError: no')
    expect(lines[2]).toBe(String.raw`    2026-11-23 16:05:12,345 INFO  - All is well\u{001b}[2J`)
    expect(lines[3]).toMatch(/^ {4}at /)
    expect(lines.slice(1, -1).filter((line) => /^\d/.test(line))).toEqual([])
  })

  it('lets no client write lines or move the cursor', () => {
    const text = logged(LogLevel.INFO, (logger) => logger.info('client \u001b[2Jx\r\n\u0007\u202e'))
    expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('cuts what no person would read', () => {
    expect(logged(LogLevel.INFO, (logger) => logger.info('x'.repeat(100_000))).length).toBeLessThan(17_000)
  })

  it('writes JSON to the console alone', () => {
    const [terminal, file] = [new Lines(), new Lines()]
    const logger = new MainLog(LogLevel.INFO, wallTime)
    logger.copyTo(file)
    logger.open(terminal, 'json')
    logger.info('a "b"\n')
    logger.error('broken', new Error('no'))
    const [info, error] = terminal.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    const time = new Date(wallTime()).toISOString()
    expect(info).toEqual({ time, level: 'INFO', message: String.raw`a "b"\u{000a}` })
    expect(error).toEqual({
      time,
      level: 'ERROR',
      message: 'broken',
      stack: expect.stringMatching(/^Error: no\n {4}at /),
    })
    expect(file.text).toMatch(/^2026-11-23 16:05:12,345 INFO {2}- a "b"/)
  })
})

describe('parseLogLevel', () => {
  it('takes the level from its name', () => {
    expect(parseLogLevel('DEBUG')).toBe(LogLevel.DEBUG)
    expect(parseLogLevel(' warn')).toBe(LogLevel.WARN)
    expect(parseLogLevel('ALL')).toBe(LogLevel.TRACE)
    for (const name of ['', 'loud', 'toString', '__proto__']) expect(parseLogLevel(name)).toBe(null)
  })
})
