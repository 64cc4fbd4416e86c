// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import type { Peer } from '../broker/peer.ts'
import type { StartableTransport, Transport, TransportSink } from './transport.ts'

/**
 * A connection that becomes a WebSocket. It is there from the beginning, so that the time until CONNECT runs and limits hold;
 * what carries bytes is known when the HTTP request is answered.
 */
export class WebSocketTransport implements StartableTransport {
  sink!: TransportSink
  readonly peer: Peer
  readonly start: () => void
  readonly #socket: Socket
  #carrier: Transport | null = null

  /** `start` begins to read the HTTP request, which ends with `begin`. */
  constructor(socket: Socket, peer: Peer, start: () => void) {
    this.#socket = socket
    this.peer = peer
    this.start = start
    socket.on('error', ignore)
    socket.on('close', this.#onSocketClosed)
  }

  /** The HTTP request was answered: from now on `carrier` has the connection. */
  begin(carrier: StartableTransport): void {
    this.#socket.off('error', ignore)
    this.#socket.off('close', this.#onSocketClosed)
    this.#carrier = carrier
    carrier.sink = this.sink
    carrier.start()
  }

  // Nobody writes before CONNECT has come, nor has anything to pause.

  write(bytes: Buffer): boolean {
    return this.#carrier!.write(bytes)
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    return this.#carrier!.writeAll(chunks)
  }

  pauseReading(): void {
    this.#carrier?.pauseReading()
  }

  resumeReading(): void {
    this.#carrier?.resumeReading()
  }

  end(): void {
    if (this.#carrier === null) this.#socket.destroy()
    else this.#carrier.end()
  }

  destroy(): void {
    if (this.#carrier === null) this.#socket.destroy()
    else this.#carrier.destroy()
  }

  readonly #onSocketClosed = (): void => this.sink.onClosed()
}

function ignore(): void {
  // `close` follows.
}
