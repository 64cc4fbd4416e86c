// SPDX-License-Identifier: Apache-2.0
import { type Connection, READ_BUFFER_BYTES } from './connection.ts'

// Acknowledgements that the frames of one chunk ask for. They are collected while the chunk is read and leave in one
// write. A chunk is done with before the next is read, so all connections share one buffer.

const REPLY_BYTES = 4
/** The shortest frame that is answered has four bytes too; the last one may have begun in the chunk before. */
const CAPACITY = READ_BUFFER_BYTES + REPLY_BYTES

let buffer = Buffer.allocUnsafeSlow(CAPACITY)
let length = 0

/** Adds an acknowledgement for the packet identifier at `packetIdAt`. */
export function reply(firstByte: number, source: Buffer, packetIdAt: number): void {
  buffer[length] = firstByte
  buffer[length + 1] = 2
  buffer[length + 2] = source[packetIdAt]!
  buffer[length + 3] = source[packetIdAt + 1]!
  length += REPLY_BYTES
}

export function sendReplies(connection: Connection): void {
  if (length === 0) return
  const isGone = connection.write(buffer.subarray(0, length))
  // What the kernel did not take is still to be sent from the old buffer.
  if (!isGone) buffer = Buffer.allocUnsafeSlow(CAPACITY)
  length = 0
}
