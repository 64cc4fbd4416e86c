// SPDX-License-Identifier: Apache-2.0

const BINARY = 0x82
const MASKED = 0x80
/** Two bytes and a masking key of zeros: legal, and nothing has to be masked here. The broker takes the masking off anyway. */
const HEADER_BYTES = 6
const MAX_SHORT_LENGTH = 125

export const UPGRADE_REQUEST: Buffer = Buffer.from(
  'GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n',
)

/** MQTT packets with less than 126 bytes, each in a frame of its own, as MQTT.js and most clients send them. */
export function toFrames(packets: Buffer): Buffer {
  let count = 0
  for (let at = 0; at < packets.length; at += 2 + packets[at + 1]!) count++
  const frames = Buffer.allocUnsafe(packets.length + count * HEADER_BYTES)
  let target = 0
  for (let at = 0; at < packets.length;) {
    const length = 2 + packets[at + 1]!
    if (length > MAX_SHORT_LENGTH) throw new Error(`a packet of ${length} bytes is too long for this generator`)
    frames[target] = BINARY
    frames[target + 1] = MASKED | length
    frames.fill(0, target + 2, target + HEADER_BYTES)
    packets.copy(frames, target + HEADER_BYTES, at, at + length)
    target += HEADER_BYTES + length
    at += length
  }
  return frames
}

/** Takes apart what a broker sends: the HTTP answer first, then binary frames. */
export class ServerFrames {
  #head = ''
  #isOpen = false
  readonly #header = Buffer.alloc(10)
  #headerBytes = 0
  #left = 0

  /** Puts what the frames carry at the beginning of `buffer`, and returns how much that is. */
  decode(buffer: Buffer, length: number): number {
    let at = this.#isOpen ? 0 : this.#readHead(buffer, length)
    let decoded = 0
    while (at < length) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, length - at)
        buffer.copyWithin(decoded, at, at + count)
        decoded += count
        at += count
        this.#left -= count
        continue
      }
      this.#header[this.#headerBytes++] = buffer[at++]!
      const short = this.#header[1]!
      if (this.#headerBytes < 2 || this.#headerBytes < (short === 127 ? 10 : short === 126 ? 4 : 2)) continue
      if (this.#header[0] !== BINARY) throw new Error(`broker sent a frame that begins with ${this.#header[0]}`)
      this.#headerBytes = 0
      this.#left = short === 127 ? this.#header.readUInt32BE(6) : short === 126 ? this.#header.readUInt16BE(2) : short
    }
    return decoded
  }

  #readHead(buffer: Buffer, length: number): number {
    const before = this.#head.length
    this.#head += buffer.toString('latin1', 0, length)
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return length
    if (!this.#head.startsWith('HTTP/1.1 101 ')) throw new Error(`broker refused the WebSocket: ${this.#head}`)
    this.#isOpen = true
    return end + 4 - before
  }
}
