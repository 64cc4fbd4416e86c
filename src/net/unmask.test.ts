// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { unmask } from './unmask.ts'

it('moves and unmasks any part of a payload, at any place of a buffer', () => {
  const key = Buffer.from([0x11, 0x82, 0x37, 0xf4])
  fc.assert(
    fc.property(
      fc.nat(9),
      fc.nat(9),
      fc.nat(14),
      fc.integer({ min: 0, max: 1_000 }),
      fc.nat(1_000),
      (offset, target, distance, length, phase) => {
        const plain = Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 255))
        const source = target + distance
        const memory = Buffer.alloc(2_000, 0xaa)
        const buffer = memory.subarray(offset)
        for (const [i, byte] of plain.entries()) buffer[source + i] = byte ^ key[(phase + i) & 3]!
        const before = Buffer.from(buffer.subarray(0, target))
        const after = Buffer.from(buffer.subarray(source + length))
        unmask(buffer, target, source, length, key, 0, phase)
        expect(buffer.subarray(target, target + length)).toEqual(plain)
        // Nothing else is touched.
        expect(buffer.subarray(0, target)).toEqual(before)
        expect(buffer.subarray(source + length)).toEqual(after)
      },
    ),
  )
})
