// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from 'node:tls'
import type { Peer } from '../broker/peer.ts'
import type { StartableTransport, TransportSink } from './transport.ts'

/**
 * A TLS connection. The runtime cannot read TLS into a buffer of ours (it ignores `onread` where it wraps a socket), so
 * each record comes in a buffer of its own.
 */
export class TlsTransport implements StartableTransport {
  sink!: TransportSink
  readonly peer: Peer
  readonly #socket: TLSSocket
  readonly #onWritten = (): void => this.sink.onWritten()

  /** Takes over a connection that has finished its handshake. */
  constructor(socket: TLSSocket, peer: Peer) {
    this.peer = peer
    this.#socket = socket
    socket.on('close', () => this.sink.onClosed())
  }

  start(): void {
    this.#socket.on('data', (chunk: Buffer) => this.sink.onBytes(chunk, chunk.length))
  }

  /** TLS tells in a later turn what is written, even where the kernel took it at once: the answer is always false. */
  write(bytes: Buffer): boolean {
    if (!this.#socket.writable) return true
    this.#socket.write(bytes, this.#onWritten)
    return false
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    const last = chunks.length - 1
    // One record may hold several chunks.
    socket.cork()
    for (let i = 0; i < last; i++) socket.write(chunks[i]!)
    socket.write(chunks[last]!, this.#onWritten)
    socket.uncork()
    return false
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
}
