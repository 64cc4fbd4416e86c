// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { MemoryUsage, type MemoryReading } from './memory-usage.ts'

const MB = 1_000_000

/** A process of which the test says what it has. */
class Process {
  reading: MemoryReading = { anonymous: 0, heapTotal: 0, heapUsed: 0, heapLimit: 4_000 * MB, external: 0 }
  garbage = 0
  collections = 0
  readonly usage: MemoryUsage

  constructor(limit: number) {
    this.usage = new MemoryUsage(
      limit,
      () => this.reading,
      () => {
        this.collections++
        this.has({ external: this.reading.external / MB - this.garbage })
        this.garbage = 0
      },
    )
  }

  /** In MB. */
  has(change: Partial<MemoryReading>): number {
    const inBytes = Object.entries(change).map(([name, value]) => [name, value * MB])
    this.reading = { ...this.reading, ...(Object.fromEntries(inBytes) as Partial<MemoryReading>) }
    return this.usage.share()
  }
}

describe('the share of memory in use', () => {
  it('is what the kernel counts, as long as it grows', () => {
    const process = new Process(1_000 * MB)
    expect(process.has({ anonymous: 100, heapTotal: 20, heapUsed: 15, external: 30 })).toBeCloseTo(0.1)
    expect(process.has({ anonymous: 300, external: 200 })).toBeCloseTo(0.3)
    // Neither objects nor buffers: many TLS connections.
    expect(process.has({ anonymous: 700 })).toBeCloseTo(0.7)
  })

  it('falls when buffers are freed, although the kernel gets nothing back', () => {
    const process = new Process(1_000 * MB)
    process.has({ anonymous: 700, heapTotal: 20, external: 600 })
    expect(process.has({ external: 100 })).toBeCloseTo(0.2, 1)
    // What was freed is used again.
    expect(process.has({ external: 500 })).toBeCloseTo(0.6, 1)
    // Objects come from elsewhere, so that they grow tells nothing of what is left of it.
    expect(process.has({ anonymous: 800, heapTotal: 120, external: 100 })).toBeCloseTo(0.3, 1)
    // It did not suffice: what the kernel counts is in use.
    expect(process.has({ anonymous: 900 })).toBeCloseTo(0.9, 1)
  })

  it('forgets what else there was when nothing more is needed', () => {
    const process = new Process(1_000 * MB)
    process.has({ anonymous: 700, heapTotal: 20, external: 30 })
    for (let i = 0; i < 1_000; i++) process.usage.share()
    expect(process.usage.share()).toBeLessThan(0.06)
  })

  it("is that of V8's own limit where objects come closer to it", () => {
    const process = new Process(8_000 * MB)
    expect(process.has({ anonymous: 3_000, heapTotal: 2_900, heapUsed: 2_800 })).toBeCloseTo(0.7)
  })

  it('is what is left when garbage is collected, which is done from three quarters on and not all the time', () => {
    const process = new Process(1_000 * MB)
    process.has({ anonymous: 700, heapTotal: 20, external: 650 })
    expect(process.collections).toBe(0)
    process.garbage = 500
    expect(process.has({ anonymous: 850, external: 800 })).toBeLessThan(0.36)
    expect(process.collections).toBe(1)
    for (let i = 0; i < 10; i++) expect(process.has({ anonymous: 900 + 5 * i, external: 870 })).toBeGreaterThan(0.85)
    expect(process.collections).toBe(1)
    for (let i = 0; i < 20; i++) process.has({ external: 870 })
    expect(process.collections).toBe(2)
  })

  it('of this process goes up and down with what it keeps', () => {
    const usage = new MemoryUsage(1_000 * MB)
    const before = usage.share()
    expect(before).toBeGreaterThan(0.01)
    let kept: Buffer[] | null = Array.from({ length: 20_000 }, () => Buffer.allocUnsafeSlow(10_000).fill(1))
    const full = usage.share()
    expect(full - before).toBeGreaterThan(0.15)
    const some = kept.filter((_, i) => i % 100 === 0)
    kept = null
    // Whenever garbage is collected.
    let share = full
    for (let i = 0; i < 10_000 && share > full - 0.1; i++) {
      some[i % 200] = Buffer.allocUnsafeSlow(100_000)
      share = usage.share()
    }
    expect(share).toBeLessThan(full - 0.1)
  })
})
