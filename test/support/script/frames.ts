// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../../src/codec/fault.ts'
import { FrameReader } from '../../../src/codec/frame-reader.ts'
import { decodePacket, type Packet } from '../../../src/codec/packet.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { describePacket } from './check-packet.ts'

export function decodeFrame(frame: Buffer, version: ProtocolVersion): Packet | Fault {
  let decoded: Packet | Fault = new Fault('', 0x80, 'incomplete', '')
  const reader = new FrameReader(
    {
      onFrame: (firstByte, buffer, _start, bodyStart, end) => {
        decoded = decodePacket(firstByte, buffer, bodyStart, end, version)
      },
      onFrameFault: (_firstByte, fault) => {
        decoded = fault
      },
    },
    268_435_460,
    false,
  )
  reader.push(frame, frame.length)
  return decoded
}

export function describeFrames(raw: Buffer, version: ProtocolVersion): string {
  if (raw.length === 0) return 'nothing'
  return splitFrames(raw)
    .map((frame) => {
      const packet = decodeFrame(frame, version)
      const text = packet instanceof Fault ? frame.toString('hex') : describePacket(packet)
      return text.length > 300 ? `${text.slice(0, 300)}…` : text
    })
    .join('; ')
}

/** Cuts a stream into packets; an incomplete one at its end is left out. */
export function splitFrames(raw: Buffer): Buffer[] {
  const frames: Buffer[] = []
  const reader = new FrameReader(
    {
      onFrame: (_firstByte, buffer, start, _bodyStart, end) => frames.push(buffer.subarray(start, end)),
      onFrameFault: () => undefined,
    },
    268_435_460,
    false,
  )
  reader.push(raw, raw.length)
  return frames
}
