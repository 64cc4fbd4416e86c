// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../src/codec/fault.ts'
import { DEFAULT_LIMITS } from '../../src/codec/limits.ts'
import { decodePacket, encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { PublishView } from '../../src/codec/publish.ts'
import { type NamedTiming, timeOperation } from './measure.ts'
import { SAMPLES, type Sample } from './packets.ts'

/** Where the body of a packet begins that has less than 128 bytes, or less than 16 384. */
function bodyStartOf(bytes: Buffer): number {
  return bytes[1]! < 0x80 ? 2 : 3
}

/** Bytes to a packet object, as for CONNECT and SUBSCRIBE. */
export function decodeTimings(): NamedTiming[] {
  return SAMPLES.map(({ name, bytes, version }) => {
    const bodyStart = bodyStartOf(bytes)
    return {
      name: `decode ${name}`,
      timing: timeOperation((count) => {
        let decoded = 0
        for (let i = 0; i < count; i++) {
          const packet = decodePacket(bytes[0]!, bytes, bodyStart, bytes.length, version)
          if (!(packet instanceof Fault)) decoded += packet.type
        }
        return decoded
      }),
    }
  })
}

/** The way of a PUBLISH that is routed: no object, only positions. */
export function viewTimings(): NamedTiming[] {
  const view = new PublishView()
  return SAMPLES.filter(({ packet }) => packet.type === PacketType.PUBLISH).map(({ name, bytes, version }: Sample) => {
    const bodyStart = bodyStartOf(bytes)
    return {
      name: `view ${name}`,
      timing: timeOperation((count) => {
        let seen = 0
        for (let i = 0; i < count; i++) {
          view.read(bytes[0]!, bytes, 0, bodyStart, bytes.length, version, DEFAULT_LIMITS)
          seen += view.payloadStart
        }
        return seen
      }),
    }
  })
}

export function encodeTimings(): NamedTiming[] {
  return SAMPLES.map(({ name, packet, version }) => ({
    name: `encode ${name}`,
    timing: timeOperation((count) => {
      let written = 0
      for (let i = 0; i < count; i++) written += encodePacket(packet, version).length
      return written
    }),
  }))
}
