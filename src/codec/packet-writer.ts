// SPDX-License-Identifier: Apache-2.0
import { invariant } from '../util/invariant.ts'

/** A fixed header is one byte of type and flags and up to four of Remaining Length. */
const MAX_FIXED_HEADER = 5
/** Above this the scratch buffer is let go after use, so that one huge packet does not stay in memory. */
const MAX_KEPT_SCRATCH = 64 * 1024

/**
 * Writes one packet. The body goes into a scratch buffer behind room for the longest fixed header; when its length is
 * known the header is put right before it. So nothing is measured beforehand.
 */
export class PacketWriter {
  #buffer = Buffer.allocUnsafeSlow(1024)
  #position = MAX_FIXED_HEADER

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#position++] = value
  }

  uint16(value: number): void {
    this.#reserve(2)
    this.#position = this.#buffer.writeUInt16BE(value, this.#position)
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#position = this.#buffer.writeUInt32BE(value, this.#position)
  }

  varint(value: number): void {
    this.#reserve(4)
    this.#position = writeVarint(this.#buffer, this.#position, value)
  }

  string(value: string): void {
    const length = Buffer.byteLength(value)
    invariant(length <= 0xffff, 'a string of a packet has at most 65535 bytes')
    this.uint16(length)
    this.#reserve(length)
    this.#position += this.#buffer.write(value, this.#position)
  }

  binary(value: Uint8Array): void {
    invariant(value.length <= 0xffff, 'binary data of a packet has at most 65535 bytes')
    this.uint16(value.length)
    this.bytes(value)
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#position)
    this.#position += value.length
  }

  /** Calls `write` and puts the length of what it wrote, as a variable byte integer, before it. */
  lengthPrefixed(write: () => void): void {
    const start = this.#position
    // Most property blocks have less than 128 bytes: one byte is left for the length, longer blocks move on.
    this.byte(0)
    write()
    const length = this.#position - start - 1
    const prefix = varintLength(length)
    if (prefix > 1) {
      this.#reserve(prefix - 1)
      this.#buffer.copyWithin(start + prefix, start + 1, this.#position)
      this.#position += prefix - 1
    }
    writeVarint(this.#buffer, start, length)
  }

  /** What was written since the last `take…`, without a fixed header. A copy. */
  takeBytes(): Buffer {
    return this.#take(MAX_FIXED_HEADER)
  }

  /** The whole packet with `firstByte` as type and flags. A copy. */
  takePacket(firstByte: number): Buffer {
    const length = this.#position - MAX_FIXED_HEADER
    const start = MAX_FIXED_HEADER - 1 - varintLength(length)
    this.#buffer[start] = firstByte
    writeVarint(this.#buffer, start + 1, length)
    return this.#take(start)
  }

  #take(start: number): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(start, this.#position))
    this.#position = MAX_FIXED_HEADER
    if (this.#buffer.length > MAX_KEPT_SCRATCH) this.#buffer = Buffer.allocUnsafeSlow(1024)
    return taken
  }

  #reserve(length: number): void {
    if (this.#position + length <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#position + length))
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }
}

/** Bytes that `value` takes as a variable byte integer [MQTT-1.5.5-1]. */
export function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4
}

/** Writes the shortest form and returns the position behind it. */
export function writeVarint(buffer: Uint8Array, position: number, value: number): number {
  let rest = value
  let at = position
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}
