// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { type ClientOptions, WebSocket } from 'ws'
import type { TargetStream } from './target.ts'

/** A script's client on a WebSocket: each piece that it sends is a message. */
export class WebSocketStream implements TargetStream {
  readonly #socket: WebSocket
  readonly #arrival: () => Promise<void>
  #received: Buffer = Buffer.alloc(0)
  isEnded = false

  private constructor(socket: WebSocket, arrival: () => Promise<void>) {
    this.#socket = socket
    this.#arrival = arrival
    socket.on('message', (message, isBinary) => {
      if (!isBinary) throw new Error('a text frame from the broker')
      this.#received = Buffer.concat([this.#received, message as Buffer])
    })
    socket.on('close', () => (this.isEnded = true))
    socket.on('error', () => (this.isEnded = true))
  }

  /** `onOpen` sees the socket, `arrival` waits until the broker has seen what was sent, or is about to. */
  static async open(
    url: string,
    options: ClientOptions = { perMessageDeflate: false },
    onOpen: (socket: WebSocket) => void = () => undefined,
    arrival: () => Promise<void> = endOfTurn,
  ): Promise<WebSocketStream> {
    const socket = new WebSocket(url, ['mqtt'], options)
    const stream = new WebSocketStream(socket, arrival)
    await once(socket, 'open')
    onOpen(socket)
    return stream
  }

  async send(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.send(bytes, () => resolve()))
    await this.#arrival()
    await this.#arrival()
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
