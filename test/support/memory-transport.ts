// SPDX-License-Identifier: Apache-2.0
import type { Peer } from '../../src/broker/peer.ts'
import type { Transport, TransportSink } from '../../src/net/transport.ts'

/** A connection without a network: the broker's side is a transport, the test has the other end in its hands. */
export class MemoryTransport implements Transport {
  readonly peer: Peer
  sink!: TransportSink
  /** What the broker has sent and the test has not taken yet. */
  #sent: Buffer[] = []
  /** The broker has ended its side. */
  isEnded = false
  isClosed = false
  isReadingPaused = false
  /** While true the broker's output is not taken, as by a peer that does not read. */
  isBlocked = false
  #blockedOutput: Buffer[] = []
  #waitingInput: Buffer[] = []

  constructor(listenerName = 'memory') {
    const listener = { kind: 'tcp', name: listenerName, bindAddress: '0.0.0.0', port: 1883 } as const
    this.peer = { address: '192.0.2.1', port: 40_000, listener, tls: null }
  }

  write(bytes: Buffer): boolean {
    return this.writeAll([bytes])
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    if (this.isClosed) return true
    // Copied: the link may use its slab again as soon as this says true.
    for (const chunk of chunks) (this.isBlocked ? this.#blockedOutput : this.#sent).push(Buffer.from(chunk))
    return !this.isBlocked
  }

  pauseReading(): void {
    this.isReadingPaused = true
  }

  resumeReading(): void {
    this.isReadingPaused = false
    const waiting = this.#waitingInput
    this.#waitingInput = []
    for (const chunk of waiting) this.send(chunk)
  }

  end(): void {
    this.isEnded = true
  }

  destroy(): void {
    this.isEnded = true
    this.drop()
  }

  /** The client sends bytes. The buffer is overwritten afterwards, as the shared read buffer of real sockets is. */
  send(bytes: Buffer): void {
    if (this.isClosed) return
    if (this.isReadingPaused) {
      this.#waitingInput.push(bytes)
      return
    }
    const borrowed = Buffer.concat([bytes, Buffer.from('rest of the read buffer')])
    this.sink.onBytes(borrowed, bytes.length)
    borrowed.fill(0xee)
  }

  /** The network connection is gone. */
  drop(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.sink.onClosed()
  }

  /** The peer reads again. */
  unblock(): void {
    this.isBlocked = false
    this.#sent.push(...this.#blockedOutput)
    this.#blockedOutput = []
    this.sink.onWritten()
  }

  /** Takes what the broker has sent since the last time. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#sent)
    this.#sent = []
    return bytes
  }
}
