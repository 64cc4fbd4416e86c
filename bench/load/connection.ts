// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from 'node:net'

export const READ_BUFFER_BYTES: number = 256 * 1024
/** Input of all connections, one after the other: each chunk is done with before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)

/** A TCP connection to the broker. What comes and what goes wrong is told to whoever uses it at the time. */
export class Connection {
  readonly socket: Socket
  /** Gets the first `length` bytes of a buffer that is written over when the call returns. */
  onBytes: (buffer: Buffer, length: number) => void = () => this.onLost('broker sent something before it was asked')
  /** The connection ended, and not by us. */
  onLost: (reason: string) => void = () => undefined
  #isEnding = false

  constructor(port: number) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length) => {
          this.onBytes(READ_BUFFER, length)
          return true
        },
      },
    })
    this.socket.on('error', (error) => this.#lost(error.message))
    this.socket.on('close', () => this.#lost('closed by the broker'))
    this.socket.resume()
  }

  /** The kernel has not taken all that was written; nobody should write more. */
  get isBlocked(): boolean {
    return this.socket.writableLength > 0
  }

  /** True when the bytes are gone and may be changed. */
  write(bytes: Buffer): boolean {
    this.socket.write(bytes)
    return this.socket.writableLength === 0
  }

  /** Lets go without a word, and without leaving the port in TIME_WAIT: there are only 28 000 of them. */
  drop(): void {
    this.#isEnding = true
    this.socket.resetAndDestroy()
  }

  /** Sends the last bytes and waits until the broker has closed the connection. */
  endWith(bytes: Buffer): Promise<void> {
    this.#isEnding = true
    return new Promise((resolve) => {
      this.socket.on('close', resolve)
      this.socket.write(bytes)
    })
  }

  #lost(reason: string): void {
    if (!this.#isEnding) this.onLost(reason)
    this.#isEnding = true
  }
}
