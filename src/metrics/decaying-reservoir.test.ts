// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { randomNumbers } from '../../test/support/random.ts'
import { DecayingReservoir } from './decaying-reservoir.ts'

function newReservoir(clock: FakeClock): DecayingReservoir {
  const random = randomNumbers(1)
  return new DecayingReservoir(clock, () => random(1_000_000) / 1_000_000)
}

it('says 0 without values', () => {
  expect(newReservoir(new FakeClock()).quantiles([0.5, 0.99])).toEqual([0, 0])
})

it('gives values that came, the first whose share reaches the quantile', () => {
  const reservoir = newReservoir(new FakeClock())
  for (let value = 1000; value >= 1; value--) reservoir.add(value)
  expect(reservoir.quantiles([0.5, 0.75, 0.95, 0.999])).toEqual([500, 750, 950, 999])
})

it('samples evenly when more come than it keeps', () => {
  const reservoir = newReservoir(new FakeClock())
  for (let value = 1; value <= 100_000; value++) reservoir.add(value)
  const [median, high] = reservoir.quantiles([0.5, 0.95])
  expect(median).toBeGreaterThan(45_000)
  expect(median).toBeLessThan(55_000)
  expect(high).toBeGreaterThan(92_000)
  expect(high).toBeLessThan(98_000)
})

it('forgets: after some minutes only what came lately weighs, also after days', () => {
  const clock = new FakeClock()
  const reservoir = newReservoir(clock)
  clock.advance(30 * 86_400_000)
  for (let i = 0; i < 2_000; i++) reservoir.add(1)
  clock.advance(600_000)
  for (let i = 0; i < 50; i++) reservoir.add(9)
  expect(reservoir.quantiles([0.001, 0.5])).toEqual([1, 9])
})
