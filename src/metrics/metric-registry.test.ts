// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { MetricRegistry } from './metric-registry.ts'

it('reads all kinds of metrics', () => {
  const clock = new FakeClock()
  const registry = new MetricRegistry(clock, () => 0.5)
  const counter = registry.counter('a.counter')
  counter.inc(5)
  counter.dec()
  registry.gauge('a.gauge', () => 7)
  registry.counted('counted.elsewhere', () => 8)
  registry.meter('a.meter').mark(20)
  registry.metered('metered.elsewhere', () => 40)
  registry.histogram('a.histogram').update(3)
  registry.timer('a.timer').update(0.25)
  registry.source(() => [{ kind: 'gauge', name: 'from.a.source', value: 1 }])
  clock.advance(10_000)
  const rates = (perSec: number): object => ({
    mean: perSec,
    oneMinute: perSec,
    fiveMinutes: perSec,
    fifteenMinutes: perSec,
  })
  expect(registry.readAll()).toEqual([
    { kind: 'counter', name: 'a.counter', value: 4 },
    { kind: 'gauge', name: 'a.gauge', value: 7 },
    { kind: 'counter', name: 'counted.elsewhere', value: 8 },
    { kind: 'meter', name: 'a.meter', count: 20, rates: rates(2) },
    { kind: 'meter', name: 'metered.elsewhere', count: 40, rates: rates(4) },
    { kind: 'histogram', name: 'a.histogram', count: 1, quantiles: [3, 3, 3, 3, 3, 3] },
    { kind: 'timer', name: 'a.timer', count: 1, quantiles: [0.25, 0.25, 0.25, 0.25, 0.25, 0.25] },
    { kind: 'gauge', name: 'from.a.source', value: 1 },
  ])
})

it('times what is done, to the end of its promise, and what fails too', async () => {
  const clock = new FakeClock()
  const registry = new MetricRegistry(clock, () => 0.5)
  const longest = (name: string): number => {
    const reading = registry.readAll().find((one) => one.name === name)!
    return 'quantiles' in reading ? reading.quantiles.at(-1)! : Number.NaN
  }
  const atOnce = (): string => {
    clock.advance(500)
    return 'done'
  }
  expect(registry.timer('at.once').time(atOnce)).toBe('done')
  expect(longest('at.once')).toBe(0.5)
  const failing = (): never => {
    clock.advance(250)
    throw new Error('failed')
  }
  expect(() => registry.timer('failing').time(failing)).toThrow('failed')
  expect(longest('failing')).toBe(0.25)
  const { promise, resolve } = Promise.withResolvers<string>()
  const later = registry.timer('later').time(() => promise)
  expect(registry.timer('later').count).toBe(0)
  clock.advance(2_000)
  resolve('later')
  expect(await later).toBe('later')
  expect(longest('later')).toBe(2)
})

it('gives the same instrument for the same name, and refuses a name that is taken', () => {
  const registry = new MetricRegistry(new FakeClock())
  expect(registry.counter('name')).toBe(registry.counter('name'))
  expect(() => registry.gauge('name', () => 0)).toThrow('The metric name exists already, as a counter')
  expect(() => registry.meter('name')).toThrow('The metric name exists already, as a counter')
  registry.counted('counted', () => 0)
  expect(() => registry.counter('counted')).toThrow('The metric counted exists already, as a counter')
  registry.remove('name')
  expect(registry.meter('name').count).toBe(0)
})

it('leaves out what fails, and reads the rest', () => {
  const registry = new MetricRegistry(new FakeClock())
  registry.gauge('broken', () => {
    throw new Error('broken')
  })
  registry.source(() => {
    throw new Error('broken too')
  })
  registry.gauge('whole', () => 1)
  expect(registry.readAll()).toEqual([{ kind: 'gauge', name: 'whole', value: 1 }])
})
