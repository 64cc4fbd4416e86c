// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localDate, nextMidnight, timeStamp, utcDateTime } from './time-stamp.ts'

describe('time in the zone of the variable TZ', () => {
  let before: string | undefined
  beforeEach(() => {
    before = process.env['TZ']
    process.env['TZ'] = 'Europe/Berlin'
  })
  afterEach(() => {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  })

  it('is written as HiveMQ writes it', () => {
    expect(timeStamp(Date.UTC(2026, 6, 1, 22, 0, 5, 7))).toBe('2026-07-02 00:00:05,007')
    expect(timeStamp(Date.UTC(2026, 6, 1, 22, 0, 5, 999))).toBe('2026-07-02 00:00:05,999')
    expect(timeStamp(Date.UTC(2026, 0, 1, 22, 0, 5, 7))).toBe('2026-01-01 23:00:05,007')
  })

  it('follows daylight saving within a minute, both ways', () => {
    expect(timeStamp(Date.UTC(2026, 2, 29, 0, 59, 59))).toBe('2026-03-29 01:59:59,000')
    expect(timeStamp(Date.UTC(2026, 2, 29, 1, 0, 0))).toBe('2026-03-29 03:00:00,000')
    expect(timeStamp(Date.UTC(2026, 9, 25, 0, 59, 59))).toBe('2026-10-25 02:59:59,000')
    expect(timeStamp(Date.UTC(2026, 9, 25, 1, 0, 0))).toBe('2026-10-25 02:00:00,000')
  })

  it('knows days of 23 and of 25 hours', () => {
    const hours = (at: number): number => (nextMidnight(at) - at) / 3_600_000
    expect(hours(Date.UTC(2026, 2, 28, 23))).toBe(23)
    expect(hours(Date.UTC(2026, 9, 24, 22))).toBe(25)
    expect(localDate(Date.UTC(2026, 9, 24, 22))).toBe('2026-10-25')
  })

  it('is written in UTC where HiveMQ does that', () => {
    expect(utcDateTime(Date.UTC(2026, 6, 1, 22, 0, 5, 7))).toBe('2026-07-01 22:00:05')
  })
})
