// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ring } from './ring.ts'

describe('Ring', () => {
  it('is an array with cheap ends', () => {
    const operation = fc.oneof(
      fc.record({ type: fc.constant('push' as const), value: fc.integer() }),
      fc.record({ type: fc.constant('unshift' as const), value: fc.integer() }),
      fc.record({ type: fc.constant('shift' as const) }),
      fc.record({ type: fc.constant('retain' as const) }),
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
        const ring = new Ring<number>(2)
        const array: number[] = []
        for (const step of operations) {
          if (step.type === 'push') array.push((ring.push(step.value), step.value))
          else if (step.type === 'unshift') array.unshift((ring.unshift(step.value), step.value))
          else if (step.type === 'shift') expect(ring.shift()).toBe(array.shift())
          else {
            ring.retain((value) => value % 2 === 0)
            array.splice(0, array.length, ...array.filter((value) => value % 2 === 0))
          }
          expect(ring.length).toBe(array.length)
          expect(ring.peek()).toBe(array[0])
          expect([...ring]).toEqual(array)
        }
      }),
    )
  })
})
