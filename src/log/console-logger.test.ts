// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { ConsoleLogger, LogLevel, parseLogLevel } from './console-logger.ts'

function logged(level: LogLevel, log: (logger: ConsoleLogger) => void): string {
  let text = ''
  const wallTime = new Date(2026, 10, 23, 16, 5, 12, 345).getTime()
  log(
    new ConsoleLogger(
      level,
      (line) => (text += line),
      () => wallTime,
    ),
  )
  return text
}

describe('ConsoleLogger', () => {
  it('writes lines as HiveMQ does', () => {
    const text = logged(LogLevel.INFO, (logger) => {
      logger.info('Started')
      logger.warn('Careful')
    })
    expect(text).toBe('2026-11-23 16:05:12,345 INFO  - Started\n2026-11-23 16:05:12,345 WARN  - Careful\n')
  })

  it('says what is at or above its level', () => {
    const say = (logger: ConsoleLogger): void => {
      logger.debug('d')
      logger.info('i')
      logger.error('e')
    }
    expect(logged(LogLevel.DEBUG, say).match(/[die]\n/g)).toHaveLength(3)
    expect(logged(LogLevel.WARN, say).match(/[die]\n/g)).toHaveLength(1)
    expect(logged(LogLevel.OFF, say)).toBe('')
  })

  it('shows the stack of an error', () => {
    expect(logged(LogLevel.INFO, (logger) => logger.error('broken', new TypeError('no')))).toMatch(
      /ERROR - broken\nTypeError: no\n {4}at /,
    )
  })

  it('lets no client write lines or move the cursor', () => {
    const text = logged(LogLevel.INFO, (logger) => logger.info('client \u001b[2Jx\r\n\u0007'))
    expect(text.slice(0, -1)).not.toMatch(/\p{Cc}/u)
  })

  it('takes the level from its name', () => {
    expect(parseLogLevel('DEBUG')).toBe(LogLevel.DEBUG)
    expect(parseLogLevel(undefined)).toBe(LogLevel.INFO)
    expect(parseLogLevel('loud')).toBe(LogLevel.INFO)
    expect(parseLogLevel('toString')).toBe(LogLevel.INFO)
  })
})
