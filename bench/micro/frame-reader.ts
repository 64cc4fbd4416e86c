// SPDX-License-Identifier: Apache-2.0
import { FrameReader, type FrameSink } from '../../src/codec/frame-reader.ts'
import { DEFAULT_LIMITS } from '../../src/codec/limits.ts'
import { divided, type NamedTiming, type Timing, timeOperation } from './measure.ts'
import { SAMPLES } from './packets.ts'

const CHUNK_BYTES = 64 * 1024
/** A little more than an Ethernet frame brings; hardly ever a multiple of the packet length. */
const SMALL_CHUNK_BYTES = 1500

/** Each PUBLISH of a chunk, when it holds whole packets and when every chunk cuts one in two. */
export function frameReaderTimings(): NamedTiming[] {
  const { bytes } = SAMPLES[0]!
  const frames = Math.trunc(CHUNK_BYTES / bytes.length)
  const chunk = Buffer.concat(new Array<Buffer>(frames).fill(bytes))
  const pieces: Buffer[] = []
  for (let at = 0; at < chunk.length; at += SMALL_CHUNK_BYTES) pieces.push(chunk.subarray(at, at + SMALL_CHUNK_BYTES))
  return [
    { name: `frame in a chunk of ${chunk.length} bytes`, timing: timePerFrame([chunk], frames) },
    { name: `frame in chunks of ${SMALL_CHUNK_BYTES} bytes`, timing: timePerFrame(pieces, frames) },
  ]
}

function timePerFrame(chunks: readonly Buffer[], frames: number): Timing {
  let seen = 0
  const sink: FrameSink = {
    onFrame: (_firstByte, _buffer, _start, bodyStart, end) => void (seen += end - bodyStart),
    onFrameFault: (_firstByte, fault) => {
      throw new Error(fault.text)
    },
  }
  const reader = new FrameReader(sink, DEFAULT_LIMITS.maxPacketSize, false)
  const perRound = timeOperation((count) => {
    seen = 0
    for (let i = 0; i < count; i++) for (const chunk of chunks) reader.push(chunk, chunk.length)
    return seen
  })
  return divided(perRound, frames)
}
