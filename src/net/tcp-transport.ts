// SPDX-License-Identifier: Apache-2.0
import { Socket } from 'node:net'
import type { Peer } from '../broker/peer.ts'
import type { StartableTransport, TransportSink } from './transport.ts'

/**
 * Input of all sockets, one after the other: each chunk is handled before the next read. In this module alone it is known
 * that the runtime can read into a buffer of ours; without it a `data` event brings a new buffer for every chunk, which
 * costs 10-40 % more CPU per wake-up and 2 kB more per idle connection. Larger gave no more messages per second.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024)
const EMPTY = Buffer.alloc(0)

/** A TCP connection: bytes in order, and none lost [MQTT-4.2.0-1] [MQTT4-7.1.1-1]. */
export class TcpTransport implements StartableTransport {
  sink!: TransportSink
  readonly peer: Peer
  readonly #socket: Socket
  /** What was read too much of what came before MQTT, and put back. */
  #head: Buffer | null

  /** Takes over a socket that a server has accepted, and nobody reads. */
  constructor(accepted: Socket, peer: Peer) {
    this.peer = peer
    this.#head = accepted.readableLength > 0 ? (accepted.read() as Buffer) : null
    this.#socket = withReadBuffer(accepted, (length, buffer) => this.sink.onBytes(buffer, length))
    this.#socket.on('error', () => undefined) // `close` follows
    this.#socket.on('close', () => this.sink.onClosed())
  }

  start(): void {
    this.#socket.resume()
    if (this.#head !== null) this.sink.onBytes(this.#head, this.#head.length)
    this.#head = null
  }

  write(bytes: Buffer): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    socket.write(bytes)
    return this.#isWritten()
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    socket.cork()
    for (const chunk of chunks) socket.write(chunk)
    socket.uncork()
    return this.#isWritten()
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Nearly always the kernel has taken all of it by now. If not, an empty write behind it tells when it has. */
  #isWritten(): boolean {
    if (this.#socket.writableLength === 0) return true
    this.#socket.write(EMPTY, () => this.sink.onWritten())
    return false
  }
}

type OnRead = (length: number, buffer: Buffer) => void

/**
 * The same connection as a socket that reads into READ_BUFFER. `net.Server` has no option for that, so the handle moves to a
 * socket of our making; where there is no handle to be had, the `data` event does.
 */
function withReadBuffer(accepted: Socket, onRead: OnRead): Socket {
  const carrier = accepted as unknown as { _handle: unknown }
  const handle = carrier._handle
  if (handle === null || handle === undefined)
    return accepted.on('data', (chunk: Buffer) => onRead(chunk.length, chunk))
  carrier._handle = null
  return new Socket({
    handle,
    onread: {
      buffer: READ_BUFFER,
      callback: (length: number) => {
        onRead(length, READ_BUFFER)
        return true
      },
    },
  } as object)
}
