// SPDX-License-Identifier: Apache-2.0
import { Faults, type Fault } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { checkUtf8 } from './utf8.ts'

/**
 * Reads the fields of one packet from left to right. The first fault sticks: every later read answers 0 or empty, so a
 * decoder reads its fields in one straight line and asks for `fault` at the end.
 */
export class PacketReader {
  readonly buffer: Buffer
  readonly limits: CodecLimits
  position: number
  readonly end: number
  fault: Fault | null = null

  constructor(buffer: Buffer, start: number, end: number, limits: CodecLimits) {
    this.buffer = buffer
    this.position = start
    this.end = end
    this.limits = limits
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** Records the first fault; later ones are its consequences. */
  fail(fault: Fault): void {
    this.fault ??= fault
    this.position = this.end
  }

  byte(): number {
    return this.#has(1) ? this.buffer[this.position++]! : 0
  }

  uint16(): number {
    if (!this.#has(2)) return 0
    const value = this.buffer.readUInt16BE(this.position)
    this.position += 2
    return value
  }

  uint32(): number {
    if (!this.#has(4)) return 0
    const value = this.buffer.readUInt32BE(this.position)
    this.position += 4
    return value
  }

  /** Variable byte integer of at most four bytes, in its shortest form [MQTT-1.5.5-1]. */
  varint(): number {
    let value = 0
    for (let i = 0; i < 4; i++) {
      const byte = this.byte()
      value |= (byte & 0x7f) << (7 * i)
      if (byte < 0x80) {
        if (byte === 0 && i > 0) this.fail(Faults.VARINT_MALFORMED)
        return value
      }
    }
    this.fail(Faults.VARINT_MALFORMED)
    return 0
  }

  /** UTF-8 string with its two-byte length, so of at most 65535 bytes [MQTT-4.7.3-3] [MQTT4-4.7.3-3]. */
  string(): string {
    const length = this.uint16()
    if (!this.#has(length)) return ''
    const start = this.position
    this.position += length
    const fault = checkUtf8(this.buffer, start, this.position, this.limits.isUtf8Strict)
    if (fault !== null) this.fail(fault)
    return fault === null ? this.buffer.toString('utf8', start, start + length) : ''
  }

  /** Binary data with its two-byte length, copied: it outlives the buffer. */
  binary(): Buffer {
    const length = this.uint16()
    if (!this.#has(length)) return Buffer.alloc(0)
    this.position += length
    return copyOf(this.buffer, this.position - length, this.position)
  }

  /** Packet identifier, which is never 0 [MQTT-2.2.1-3] [MQTT4-2.3.1-1]. */
  packetId(): number {
    const packetId = this.uint16()
    if (packetId === 0) this.fail(Faults.PACKET_ID_ZERO)
    return packetId
  }

  /** To be called after the last field: nothing may be left [MQTT-3.1.4-1] [MQTT4-3.1.4-1]. */
  finish(): Fault | null {
    if (this.position !== this.end) this.fail(Faults.TRAILING_BYTES)
    return this.fault
  }

  #has(length: number): boolean {
    if (this.end - this.position >= length) return true
    this.fail(Faults.FIELD_TRUNCATED)
    return false
  }
}

/** A copy with memory of its own, for bytes that outlive the read buffer; a pooled copy would pin its whole pool page. */
export function copyOf(buffer: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start)
  buffer.copy(copy, 0, start, end)
  return copy
}
