// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { versionAndPacket } from '../support/arbitrary-packet.ts'
import { encodeFrame, toFrame } from '../support/fuzz/frame.ts'

it('a packet that is taken apart and put together again is what the codec encodes', () => {
  fc.assert(
    fc.property(versionAndPacket, ({ version, packet }) => {
      expect(encodeFrame(toFrame(packet, version))).toEqual(encodePacket(packet, version))
    }),
    { numRuns: 1_000 },
  )
})
