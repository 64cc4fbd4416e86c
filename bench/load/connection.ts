// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { connect, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'
import type { Wire } from '../broker/broker-kind.ts'
import { CERTIFICATE } from '../certificate.ts'
import { ServerFrames, toFrames, UPGRADE_REQUEST } from './web-socket.ts'

export const READ_BUFFER_BYTES: number = 256 * 1024
/** Input of all connections, one after the other: each chunk is done with before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)

/**
 * All brokers get the same handshake, whatever they would prefer: TLS 1.3, X25519, one cipher suite; and a full one each
 * time.
 */
const SECURE_CONTEXT = createSecureContext({
  ca: readFileSync(CERTIFICATE),
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_256_GCM_SHA384',
  ecdhCurve: 'X25519',
})

/** Of all connections: this process has one broker before it at a time. */
let currentWire: Wire = 'tcp'

export function useWire(wire: Wire): void {
  currentWire = wire
}

function open(port: number, onread: OnReadOpts): Socket {
  const host = '127.0.0.1'
  if (currentWire !== 'tls') return connect({ port, host, noDelay: true, onread })
  const socket = connectTls({ port, host, servername: 'localhost', secureContext: SECURE_CONTEXT, onread } as object)
  return socket.setNoDelay(true)
}

/** A connection to the broker. What comes and what goes wrong is told to whoever uses it at the time. */
export class Connection {
  readonly socket: Socket
  /** Gets the first `length` bytes of a buffer that is written over when the call returns. */
  onBytes: (buffer: Buffer, length: number) => void = () => this.onLost('broker sent something before it was asked')
  /** The connection ended, and not by us. */
  onLost: (reason: string) => void = () => undefined
  #isEnding = false
  readonly #frames: ServerFrames | null = currentWire === 'websocket' ? new ServerFrames() : null

  constructor(port: number) {
    this.socket = open(port, {
      buffer: READ_BUFFER,
      callback: (length) => {
        this.#onRead(length)
        return true
      },
    })
    this.socket.on('error', (error) => this.#lost(error.message))
    this.socket.on('close', () => this.#lost('closed by the broker'))
    this.socket.resume()
    if (this.#frames !== null) this.socket.write(UPGRADE_REQUEST)
  }

  /** The kernel has not taken all that was written; nobody should write more. */
  get isBlocked(): boolean {
    return this.socket.writableLength > 0
  }

  /** True when the bytes are gone and may be changed. */
  write(bytes: Buffer): boolean {
    this.socket.write(this.#frames === null ? bytes : toFrames(bytes))
    return this.socket.writableLength === 0
  }

  /** Lets go without a word, and without leaving the port in TIME_WAIT: there are only 28 000 of them. */
  drop(): void {
    this.#isEnding = true
    if (currentWire !== 'tls') this.socket.resetAndDestroy()
    else this.socket.destroy() // The runtime cannot reset a connection with TLS.
  }

  /** Sends the last bytes and waits until the broker has closed the connection. */
  endWith(bytes: Buffer): Promise<void> {
    this.#isEnding = true
    return new Promise((resolve) => {
      this.socket.on('close', resolve)
      this.write(bytes)
    })
  }

  #onRead(length: number): void {
    // After the last word comes a Close frame.
    if (this.#frames === null || this.#isEnding) return this.onBytes(READ_BUFFER, length)
    const decoded = this.#frames.decode(READ_BUFFER, length)
    if (decoded > 0) this.onBytes(READ_BUFFER, decoded)
  }

  #lost(reason: string): void {
    if (!this.#isEnding) this.onLost(reason)
    this.#isEnding = true
  }
}
