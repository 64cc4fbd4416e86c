// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

describe('a token bucket', () => {
  it('lets a burst pass, and then no more than its rate', () => {
    const bucket = new TokenBucket(100, 50, 0)
    expect(bucket.take(50, 0)).toBe(0)
    expect(bucket.take(1, 0)).toBeCloseTo(10)
    expect(bucket.take(9, 0)).toBeCloseTo(100)
    expect(bucket.take(1, 1_000)).toBe(0)
  })

  it('has one who comes later pay the debt of those before too', () => {
    const bucket = new TokenBucket(10, 1, 0)
    expect([1, 2, 3].map(() => bucket.take(1, 0))).toEqual([0, 100, 200])
    expect(bucket.take(1, 250)).toBeCloseTo(50)
  })

  it('fills up to its burst and no further', () => {
    const bucket = new TokenBucket(10, 5, 0)
    expect(bucket.tryTake(5, 3_600_000)).toBe(true)
    expect(bucket.tryTake(1, 3_600_000)).toBe(false)
    expect(bucket.tryTake(1, 3_600_100)).toBe(true)
  })

  it('takes nothing where there is not enough', () => {
    const bucket = new TokenBucket(10, 5, 0)
    expect(bucket.tryTake(6, 0)).toBe(false)
    expect(bucket.tryTake(5, 0)).toBe(true)
  })

  it('holds at least one token, however low the rate', () => {
    const bucket = new TokenBucket(1, 0, 0)
    expect(bucket.tryTake(1, 0)).toBe(true)
    expect(bucket.tryTake(1, 999)).toBe(false)
    expect(bucket.tryTake(1, 1_000)).toBe(true)
  })

  it('does not mind a clock that stands still', () => {
    const bucket = new TokenBucket(10, 1, 1_000)
    expect(bucket.take(1, 1_000)).toBe(0)
    expect(bucket.take(1, 900)).toBeCloseTo(100)
  })
})
