// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { openSocket } from './script/socket-stream.ts'

export interface ServerFrame {
  readonly opcode: number
  readonly payload: Buffer
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** The request of RFC 6455, 1.2, with other lines where a test needs them. */
export function upgradeRequest(path = '/mqtt', headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'mqtt',
    ...headers,
  }
  const lines = Object.entries(all).filter(([, value]) => value !== '')
  return `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

/** A client's frame; the first byte and what says its length can be as wrong as a test wants. */
export function clientFrame(first: number, payload: Buffer, key: Buffer = Buffer.from([1, 2, 3, 250])): Buffer {
  const { length } = payload
  const header =
    length < 126
      ? Buffer.from([first, 0x80 | length])
      : length < 65_536
        ? Buffer.from([first, 0x80 | 126, length >> 8, length & 255])
        : Buffer.concat([Buffer.from([first, 0x80 | 127, 0, 0, 0, 0]), uint32(length)])
  return Buffer.concat([header, key, payload.map((byte, i) => byte ^ key[i & 3]!)])
}

/** Whole binary message. */
export function binary(payload: Buffer): Buffer {
  return clientFrame(0x82, payload)
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A client that says just what it is told to, on a real socket. */
export class RawWebSocket {
  readonly socket: Socket
  /** The HTTP answer. */
  head = ''
  /** What came behind it. */
  bytes: Buffer = Buffer.alloc(0)
  isEnded = false
  #onNews: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk])
      if (this.head === '') {
        const end = this.bytes.indexOf('\r\n\r\n')
        if (end >= 0) {
          this.head = this.bytes.toString('latin1', 0, end + 4)
          this.bytes = this.bytes.subarray(end + 4)
        }
      }
      this.#onNews()
    })
    const onEnd = (): void => {
      this.isEnded = true
      this.#onNews()
    }
    socket.on('end', onEnd).on('close', onEnd).on('error', onEnd)
  }

  /** Connects and sends a text, an HTTP request as a rule. */
  static async dial(port: number, text: string | Buffer): Promise<RawWebSocket> {
    const raw = new RawWebSocket(await openSocket('127.0.0.1', port))
    raw.socket.write(text)
    return raw
  }

  static async open(port: number, request: string = upgradeRequest()): Promise<RawWebSocket> {
    const raw = await RawWebSocket.dial(port, request)
    await raw.until(() => raw.head !== '')
    if (!raw.head.startsWith('HTTP/1.1 101 ')) throw new Error(`refused: ${raw.head}`)
    return raw
  }

  send(...pieces: readonly Buffer[]): void {
    for (const piece of pieces) this.socket.write(piece)
  }

  /** Waits until something holds; looks again whenever something comes. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      if (this.isEnded) throw new Error(`the connection has ended: ${this.head}${this.bytes.toString('hex')}`)
      await new Promise<void>((resolve) => (this.#onNews = resolve))
    }
  }

  async ended(): Promise<void> {
    while (!this.isEnded) await new Promise<void>((resolve) => (this.#onNews = resolve))
  }

  /** All frames that came. */
  get frames(): ServerFrame[] {
    const frames: ServerFrame[] = []
    for (let at = 0; at + 2 <= this.bytes.length;) {
      const [first, second] = this.bytes.subarray(at, at + 2) as unknown as [number, number]
      const headerLength = second === 127 ? 10 : second === 126 ? 4 : 2
      const length =
        second === 127 ? this.bytes.readUInt32BE(at + 6) : second === 126 ? this.bytes.readUInt16BE(at + 2) : second
      const start = at + headerLength
      if (start + length > this.bytes.length) break
      // FIN, nothing reserved, no masking.
      if ((first & 0xf0) !== 0x80 || second > 127) throw new Error(`bad frame ${first} ${second}`)
      frames.push({ opcode: first & 15, payload: this.bytes.subarray(start, start + length) })
      at = start + length
    }
    return frames
  }

  /** What binary frames have brought. */
  get mqtt(): Buffer {
    return Buffer.concat(this.frames.filter(({ opcode }) => opcode === 2).map(({ payload }) => payload))
  }

  /** The code of the Close frame, 1005 for one without; undefined before it. */
  get closeCode(): number | undefined {
    const close = this.frames.find(({ opcode }) => opcode === 8)
    if (close === undefined) return undefined
    return close.payload.length === 0 ? 1005 : close.payload.readUInt16BE()
  }
}
