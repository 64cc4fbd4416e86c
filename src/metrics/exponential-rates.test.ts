// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { ExponentialRates } from './exponential-rates.ts'

it('takes the rate of the first ticks as it is', () => {
  const clock = new FakeClock()
  const rates = new ExponentialRates(clock)
  clock.advance(10_000)
  expect(rates.read(100)).toEqual({ mean: 10, oneMinute: 10, fiveMinutes: 10, fifteenMinutes: 10 })
})

it('knows nothing before the first tick', () => {
  const clock = new FakeClock()
  expect(new ExponentialRates(clock).read(5)).toEqual({ mean: 0, oneMinute: 0, fiveMinutes: 0, fifteenMinutes: 0 })
})

it('forgets as Dropwizard does: after a minute without events 1/e is left of the rate of one minute', () => {
  const clock = new FakeClock()
  const rates = new ExponentialRates(clock)
  clock.advance(5_000)
  rates.read(50)
  clock.advance(60_000)
  const { mean, oneMinute, fiveMinutes, fifteenMinutes } = rates.read(50)
  expect(mean).toBeCloseTo(50 / 65)
  expect(oneMinute).toBeCloseTo(10 * Math.exp(-1))
  expect(fiveMinutes).toBeCloseTo(10 * Math.exp(-1 / 5))
  expect(fifteenMinutes).toBeCloseTo(10 * Math.exp(-1 / 15))
})

it('says the same however often somebody looks', () => {
  const clock = new FakeClock()
  const often = new ExponentialRates(clock)
  const seldom = new ExponentialRates(clock)
  clock.advance(5_000)
  often.read(10)
  seldom.read(10)
  for (let count = 20; count <= 120; count += 10) {
    clock.advance(5_000)
    often.read(count)
  }
  expect(often.read(120).oneMinute).toBeCloseTo(seldom.read(120).oneMinute)
})
