// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { Fault, Faults } from '../../src/codec/fault.ts'
import { FrameReader } from '../../src/codec/frame-reader.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/codec/packet.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes } from '../support/bytes.ts'
import { FAULTY_PACKETS } from './faulty.ts'
import { VALID_PACKETS } from './valid.ts'

function read(raw: Buffer, version: ProtocolVersion): (Packet | Fault)[] {
  const found: (Packet | Fault)[] = []
  const reader = new FrameReader(
    {
      onFrame: (firstByte, buffer, _start, bodyStart, end) =>
        found.push(decodePacket(firstByte, buffer, bodyStart, end, version)),
      onFrameFault: (_firstByte, fault) => found.push(fault),
    },
    268_435_460,
    false,
  )
  reader.isShortestLengthRequired = version === ProtocolVersion.V5
  reader.push(raw, raw.length)
  return found
}

/** The body of a packet that ends too early, in a frame that says so. */
function shorten(packet: Buffer, length: number): Buffer {
  const headerLength = packet.length < 130 ? 2 : 3
  const body = packet.subarray(headerLength, headerLength + length)
  return Buffer.concat([packet.subarray(0, 1), Buffer.from([body.length]), body])
}

describe.each(VALID_PACKETS)('$name', ({ bytes: notation, version, packet, isOnlyRead }) => {
  const raw = bytes(notation)

  it('is read', () => {
    expect(read(raw, version)).toEqual([packet])
  })

  if (isOnlyRead !== true) {
    it('is written', () => {
      expect(encodePacket(packet, version).toString('hex')).toBe(raw.toString('hex'))
    })
  }

  it('is a packet or a fault when its body is cut short anywhere', () => {
    for (let length = 0; length < raw.length - 2; length++) {
      const found = read(shorten(raw, length), version)
      expect(found).toHaveLength(1)
      if (found[0] instanceof Fault) expect([0x81, 0x82, 0x84, 0x90]).toContain(found[0].reasonCode)
    }
  })
})

describe('faults', () => {
  it.each(FAULTY_PACKETS)('$bytes in version $version is $fault', ({ bytes: notation, version, fault }) => {
    expect(read(bytes(notation), version)).toEqual([Faults[fault]])
  })

  it('refuses a packet above the maximum from its header, without its body', () => {
    const faults: Fault[] = []
    const reader = new FrameReader(
      { onFrame: () => undefined, onFrameFault: (_firstByte, fault) => faults.push(fault) },
      1_000,
      false,
    )
    reader.push(Buffer.from([0x30, 0xff, 0xff]), 3)
    expect(faults).toEqual([])
    reader.push(Buffer.from([0x7f]), 1)
    expect(faults).toEqual([Faults.PACKET_TOO_LARGE])
    expect(reader.heldBytes).toBe(0)
  })

  it('reserves for an announced packet no more than a small multiple of what came', () => {
    const reader = new FrameReader({ onFrame: () => undefined, onFrameFault: () => undefined }, 268_435_460, false)
    const before = process.memoryUsage().arrayBuffers
    reader.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0x00]), 6)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024)
    expect(reader.heldBytes).toBe(6)
  })

  it('refuses a first packet that is not CONNECT from its first byte', () => {
    const faults: Fault[] = []
    const reader = new FrameReader(
      { onFrame: () => undefined, onFrameFault: (_firstByte, fault) => faults.push(fault) },
      268_435_460,
      true,
    )
    reader.push(Buffer.from([0x30]), 1)
    expect(faults).toEqual([Faults.FIRST_PACKET_NOT_CONNECT])
  })
})
