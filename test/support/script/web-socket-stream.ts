// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { TargetStream } from './target.ts'

/** A script's client on a WebSocket: each piece that it sends is a message. */
export class WebSocketStream implements TargetStream {
  readonly #socket: WebSocket
  #received: Buffer = Buffer.alloc(0)
  isEnded = false

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (message, isBinary) => {
      if (!isBinary) throw new Error('a text frame from the broker')
      this.#received = Buffer.concat([this.#received, message as Buffer])
    })
    socket.on('close', () => (this.isEnded = true))
    socket.on('error', () => (this.isEnded = true))
  }

  static async open(url: string): Promise<WebSocketStream> {
    const socket = new WebSocket(url, ['mqtt'], { perMessageDeflate: false })
    const stream = new WebSocketStream(socket)
    await once(socket, 'open')
    return stream
  }

  async send(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.send(bytes, () => resolve()))
    await endOfTurn()
    await endOfTurn()
  }

  get received(): Buffer {
    return this.#received
  }

  take(start: number, end: number): void {
    this.#received = Buffer.concat([this.#received.subarray(0, start), this.#received.subarray(end)])
  }

  drop(): void {
    this.#socket.terminate()
  }

  block(): void {
    this.#socket.pause()
  }

  unblock(): void {
    this.#socket.resume()
  }
}
