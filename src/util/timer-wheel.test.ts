// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { Timer, TimerWheel } from './timer-wheel.ts'

const TICK_MS = 25

function setUp(): { clock: FakeClock; wheel: TimerWheel; fired: number[]; timer: (name: number) => Timer } {
  const clock = new FakeClock()
  const fired: number[] = []
  return { clock, wheel: new TimerWheel(clock), fired, timer: (name) => new Timer(() => fired.push(name)) }
}

describe('TimerWheel', () => {
  it.each([0, 1, 25, 999, 1_600, 60_000, 102_400, 3_600_000, 86_400_000, 365 * 86_400_000])(
    'fires after %i ms, not earlier and at most a tick later',
    (delayMs) => {
      const { clock, wheel, fired, timer } = setUp()
      clock.advance(7)
      wheel.schedule(timer(1), delayMs)
      clock.advance(delayMs - 1)
      expect(fired).toEqual([])
      clock.advance(TICK_MS + 1)
      expect(fired).toEqual([1])
      expect(wheel.size).toBe(0)
    },
  )

  it('fires in the order of the times, whatever the order of scheduling', () => {
    const { clock, wheel, fired, timer } = setUp()
    for (const seconds of [500, 3, 90, 7_000, 1]) wheel.schedule(timer(seconds), seconds * 1000)
    clock.advance(8_000_000)
    expect(fired).toEqual([1, 3, 90, 500, 7_000])
  })

  it('does not fire what was cancelled, and fires once what was scheduled again', () => {
    const { clock, wheel, fired, timer } = setUp()
    const cancelled = timer(1)
    const moved = timer(2)
    wheel.schedule(cancelled, 1_000)
    wheel.schedule(moved, 1_000)
    wheel.cancel(cancelled)
    wheel.cancel(cancelled)
    wheel.schedule(moved, 5_000)
    clock.advance(4_999)
    expect(fired).toEqual([])
    clock.advance(TICK_MS)
    expect(fired).toEqual([2])
  })

  it('lets a timer schedule and cancel others while it fires', () => {
    const { clock, wheel, fired, timer } = setUp()
    const victim = timer(2)
    const again = new Timer(() => {
      fired.push(1)
      wheel.cancel(victim)
      if (fired.length < 3) wheel.schedule(again, 0)
    })
    wheel.schedule(again, 100)
    wheel.schedule(victim, 100)
    clock.advance(1_000)
    expect(fired).toEqual([1, 1, 1])
  })

  it('asks the clock for one alarm at a time, and for none when it is empty', () => {
    const { clock, wheel, timer } = setUp()
    for (let i = 0; i < 1_000; i++) wheel.schedule(timer(i), 10_000 + i)
    expect(clock.alarms).toBe(1)
    clock.advance(20_000)
    expect(clock.alarms).toBe(0)
    wheel.schedule(timer(1), 1)
    wheel.clear()
    expect(clock.alarms).toBe(0)
    expect(wheel.size).toBe(0)
  })

  it('keeps what lies beyond its reach of 54 years', () => {
    const { clock, wheel, fired, timer } = setUp()
    const century = 100 * 365 * 86_400_000
    wheel.schedule(timer(1), century)
    clock.advance(1_000)
    expect(fired).toEqual([])
    expect(wheel.size).toBe(1)
  })
})
