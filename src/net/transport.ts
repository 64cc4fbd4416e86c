// SPDX-License-Identifier: Apache-2.0
import type { Peer } from '../broker/peer.ts'

/** The bytes of one connection, whatever carries them: a TCP socket, later TLS and WebSocket, in tests a pair in memory. */
export interface Transport {
  readonly peer: Peer
  /** Who gets the bytes. Set once, before the first of them. */
  sink: TransportSink
  /**
   * Sends bytes. True when they are gone and may be changed at once; else `sink.onWritten` says when, and nothing more may be
   * written until then.
   */
  write(bytes: Buffer): boolean
  /** The same for several, in order. */
  writeAll(chunks: readonly Buffer[]): boolean
  pauseReading(): void
  resumeReading(): void
  /** Ends our side after what was written; the peer may still send. */
  end(): void
  /** Lets go of it at once. */
  destroy(): void
}

export interface TransportSink {
  onBytes(chunk: Buffer, length: number): void
  onWritten(): void
  onClosed(): void
}
