// SPDX-License-Identifier: Apache-2.0
import { copyOf } from '../codec/packet-reader.ts'

// Most messages that are copied live for milliseconds: until the client's window has room, or it has acknowledged. Memory of
// its own costs such a copy 0.6 µs and an ArrayBuffer for the garbage collector to sweep; a share of a chunk costs a tenth
// (fan-in at QoS 1: 2.3 µs of CPU a message instead of 3.0). A chunk lives as long as the last message in it, so chunks are
// small, and what is kept for long (retained messages) is moved out of them: see `Message.compact`.

const CHUNK_BYTES = 8 * 1024
const MAX_SHARED_BYTES = 1024

let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
let used = 0

/** A copy for a short life. */
export function copyBriefly(buffer: Buffer, start: number, end: number): Buffer {
  const length = end - start
  if (length > MAX_SHARED_BYTES) return copyOf(buffer, start, end)
  if (used + length > CHUNK_BYTES) {
    chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    used = 0
  }
  buffer.copy(chunk, used, start, end)
  used += length
  return chunk.subarray(used - length, used)
}

/** Whether the bytes hold on to more memory than they are. */
export function isBrief(bytes: Buffer): boolean {
  return bytes.buffer.byteLength > bytes.length
}
