// SPDX-License-Identifier: Apache-2.0
import { totalmem } from 'node:os'
import { expect, it } from 'vitest'
import { FakeClock } from '../../test/support/fake-clock.ts'
import type { MetricReading } from '../metrics/metric-reading.ts'
import { MetricRegistry } from '../metrics/metric-registry.ts'
import { watchEventLoop } from './event-loop-lag.ts'
import { SystemMetrics } from './system-metrics.ts'

function valueOf(readings: readonly MetricReading[], name: string): number | undefined {
  const reading = readings.find((one) => one.name === `com.hivemq.${name}`)
  return reading?.kind === 'gauge' ? reading.value : undefined
}

it('tells of this process and this computer', () => {
  const clock = new FakeClock()
  const registry = new MetricRegistry(clock)
  new SystemMetrics(clock).register(registry)
  clock.advance(1_000)
  const readings = registry.readAll()
  expect(valueOf(readings, 'system.os.global.memory.total')).toBe(totalmem())
  expect(valueOf(readings, 'system.os.process.memory.resident-set-size')).toBeGreaterThan(10_000_000)
  expect(valueOf(readings, 'jvm.memory.heap.used')).toBeLessThan(valueOf(readings, 'jvm.memory.heap.max')!)
  expect(valueOf(readings, 'jvm.threads.count')).toBeGreaterThan(1)
  expect(valueOf(readings, 'system.os.network.interface.lo.bytes.received')).toBeGreaterThanOrEqual(0)
  const load = valueOf(readings, 'system.os.global.cpu.total.total')
  expect(load).toBeGreaterThanOrEqual(0)
  expect(load).toBeLessThanOrEqual(100)
  expect(readings.every((reading) => reading.kind === 'gauge' && Number.isFinite(reading.value))).toBe(true)
})

it('counts garbage collections', async () => {
  const clock = new FakeClock()
  const registry = new MetricRegistry(clock)
  new SystemMetrics(clock).register(registry)
  const collections = (): number =>
    valueOf(registry.readAll(), 'jvm.garbage-collector.G1-Young-Generation.count')! +
    valueOf(registry.readAll(), 'jvm.garbage-collector.G1-Old-Generation.count')!
  const kept: object[] = []
  while (collections() === 0) {
    for (let i = 0; i < 100_000; i++) kept[i] = { i }
    await new Promise(setImmediate)
  }
  expect(collections()).toBeGreaterThan(0)
})

it('sees how late the event loop is', () => {
  // A clock whose alarms come when the loop has time for them.
  let now = 0
  let alarm: { atMs: number; wake: () => void } | null = null
  const clock = {
    epoch: 0,
    now: () => now,
    wallTime: () => 0,
    alarm: (atMs: number, wake: () => void) => {
      alarm = { atMs, wake }
      return () => (alarm = null)
    },
  }
  const registry = new MetricRegistry(clock)
  const end = watchEventLoop(clock, registry)
  for (const lateMs of [0, 0, 2, 250]) {
    now = alarm!.atMs + lateMs
    alarm!.wake()
  }
  const [metric] = [...registry.labelledMetrics]
  const [reading] = metric!.kind === 'histogram' ? [...metric!.read()] : []
  expect(metric!.name).toBe('waggle_event_loop_lag_seconds')
  expect(reading!.value.count).toBe(4)
  expect(reading!.value.sum).toBeCloseTo(0.252)
  expect([...reading!.value.counts].slice(0, 9)).toEqual([2, 0, 0, 1, 0, 0, 0, 1, 0])
  end()
  expect(alarm).toBeNull()
})
