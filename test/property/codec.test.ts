// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../src/codec/fault.ts'
import { FrameReader, type FrameSink } from '../../src/codec/frame-reader.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/codec/packet.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { anyPacket, protocolVersion, versionAndPacket } from '../support/arbitrary-packet.ts'

/** Everything that a frame reader hands on, decoded. */
class Collector implements FrameSink {
  readonly found: (Packet | Fault)[] = []
  readonly #version: ProtocolVersion

  constructor(version: ProtocolVersion) {
    this.#version = version
  }

  onFrame(firstByte: number, buffer: Buffer, _start: number, bodyStart: number, end: number): void {
    this.found.push(decodePacket(firstByte, buffer, bodyStart, end, this.#version))
  }

  onFrameFault(_firstByte: number, fault: Fault): void {
    this.found.push(fault)
  }
}

function read(version: ProtocolVersion, chunks: readonly Buffer[]): (Packet | Fault)[] {
  const collector = new Collector(version)
  const reader = new FrameReader(collector, 268_435_460, false)
  // The reader does not own the chunk: what it keeps it must copy.
  for (const chunk of chunks) {
    const borrowed = Buffer.from(chunk)
    reader.push(borrowed, borrowed.length)
    borrowed.fill(0xee)
  }
  return collector.found
}

/** Cuts bytes at arbitrary places. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [0, ...places].map((place, index) => bytes.subarray(place, places[index] ?? bytes.length))
}

const cuts = fc.array(fc.nat(), { maxLength: 12 })

describe('codec', () => {
  it('decodes what it encodes, for every packet of every version', () => {
    fc.assert(
      fc.property(versionAndPacket, ({ version, packet }) => {
        const bytes = encodePacket(packet, version)
        expect(read(version, [bytes])).toEqual([packet])
        const again = read(version, [bytes])[0] as Packet
        expect(encodePacket(again, version)).toEqual(bytes)
      }),
      { numRuns: 3_000 },
    )
  })

  it('finds the same packets wherever the stream is cut', () => {
    const stream = protocolVersion.chain((version) =>
      fc.record({
        version: fc.constant(version),
        packets: fc.array(anyPacket(version), { minLength: 1, maxLength: 8 }),
      }),
    )
    fc.assert(
      fc.property(stream, cuts, ({ version, packets }, places) => {
        const bytes = Buffer.concat(packets.map((packet) => encodePacket(packet, version)))
        expect(read(version, cut(bytes, places))).toEqual(packets)
        expect(
          read(
            version,
            [...bytes].map((byte) => Buffer.from([byte])),
          ),
        ).toEqual(packets)
      }),
      { numRuns: 500 },
    )
  })

  it('answers mutated and random bytes with packets or faults, the same for every chunking, and never throws', () => {
    const mutation = fc.record({ place: fc.nat(), byte: fc.nat(255), type: fc.constantFrom('set', 'insert', 'remove') })
    const input = fc.oneof(
      fc.record({ version: protocolVersion, bytes: fc.uint8Array({ maxLength: 60 }).map((raw) => Buffer.from(raw)) }),
      fc.tuple(versionAndPacket, fc.array(mutation, { minLength: 1, maxLength: 4 })).map(([seed, mutations]) => {
        const raw = [...encodePacket(seed.packet, seed.version)]
        for (const { place, byte, type } of mutations) {
          const at = place % (raw.length + 1)
          if (type === 'insert') raw.splice(at, 0, byte)
          else if (type === 'remove') raw.splice(at, 1)
          else raw[at] = byte
        }
        return { version: seed.version, bytes: Buffer.from(raw) }
      }),
    )
    fc.assert(
      fc.property(input, cuts, ({ version, bytes }, places) => {
        const whole = read(version, [bytes])
        for (const found of whole) {
          if (found instanceof Fault) expect(found.reasonCode).toBeGreaterThanOrEqual(0x80)
          else expect(found.type).toBeGreaterThan(0)
        }
        expect(read(version, cut(bytes, places))).toEqual(whole)
      }),
      { numRuns: 3_000 },
    )
  })
})
