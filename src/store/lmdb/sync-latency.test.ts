// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { systemClock } from '../../util/clock.ts'
import { DEFAULT_PERSISTENCE } from '../persistence-settings.ts'
import { describePersistence, measureCommitLatency } from './sync-latency.ts'

describe('measureCommitLatency', () => {
  it('takes the time of commits, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waggle-latency-'))
    const latency = await measureCommitLatency(folder, systemClock)
    expect(latency!.ms).toBeGreaterThan(0)
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })

  it('does not wait for a disk that takes too long for one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waggle-latency-'))
    const clock = new FakeClock()
    const measurement = measureCommitLatency(folder, clock)
    clock.advance(80)
    expect(await measurement).toEqual({ ms: 80, isAtLeast: true })
    expect(clock.alarms).toBe(0)
    await rm(folder, { recursive: true, maxRetries: 10 })
  })

  it('measures nothing in a folder that it cannot write to', async () => {
    const clock = new FakeClock()
    expect(await measureCommitLatency('/proc', clock)).toBeNull()
    expect(clock.alarms).toBe(0)
  })
})

describe('describePersistence', () => {
  it('says what acknowledgements wait for, and what that costs here', () => {
    const describeWith = (ms: number, isAtLeast = false): string =>
      describePersistence(DEFAULT_PERSISTENCE, { ms, isAtLeast })
    expect(describeWith(0.9142)).toBe(
      'Starting with file persistence mode. Acknowledgements wait for the disk: 0.91 ms here, about 1100 batches/s.',
    )
    expect(describeWith(12.6)).toBe(
      'Starting with file persistence mode. Acknowledgements wait for the disk: 13 ms here, about 79 batches/s.',
    )
    expect(describeWith(0)).toContain(': 0 ms here, about 1000000 batches/s.')
    expect(describeWith(80, true)).toBe(
      'Starting with file persistence mode. Acknowledgements wait for the disk: more than 80 ms here, fewer than 13 batches/s.',
    )
    expect(describePersistence(DEFAULT_PERSISTENCE, null)).toBe(
      'Starting with file persistence mode. Acknowledgements wait for the disk.',
    )
  })

  it('says what the other settings give up', () => {
    const settings = DEFAULT_PERSISTENCE
    expect(describePersistence({ ...settings, durability: 'os' }, null)).toMatch(/^Starting with file .*power loss may/)
    expect(describePersistence({ ...settings, durability: 'memory' }, null)).toMatch(/^Starting with file .*crash may/)
    expect(describePersistence({ ...settings, mode: 'in-memory' }, null)).toBe(
      'Starting with in-memory persistence mode. Nothing survives a restart.',
    )
  })
})
