// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { TargetStream } from './target.ts'

/** A script's client on a real socket. */
export class SocketStream implements TargetStream {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  isEnded = false

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    socket.on('end', () => (this.isEnded = true))
    socket.on('close', () => (this.isEnded = true))
    // A broker may reset a connection that it ends.
    socket.on('error', () => (this.isEnded = true))
  }

  static async open(host: string, port: number): Promise<SocketStream> {
    return new SocketStream(await openSocket(host, port))
  }

  async send(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()))
    // What another client sends next is read in a later turn, so that the broker sees both in the order of the script.
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
    this.#socket.destroy()
  }

  block(): void {
    this.#socket.pause()
  }

  unblock(): void {
    this.#socket.resume()
  }
}

export async function openSocket(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true })
  await once(socket, 'connect')
  return socket
}
