// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from '../broker/close-reason.ts'
import type { Peer } from '../broker/peer.ts'

/** The bytes of one connection, whatever carries them: a TCP socket, WebSocket over it, in tests a pair in memory. */
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

/** One that is made before it may read. */
export interface StartableTransport extends Transport {
  /** Begins to read. */
  start(): void
}

export interface TransportSink {
  /** `length` bytes of `chunk`, which may be changed, and belongs to the transport again when this returns. */
  onBytes(chunk: Buffer, length: number): void
  onWritten(): void
  /** The peer has said that it ends the connection, or broken the rules of the transport; it waits for our `end`. */
  onEnded(reason: CloseReason): void
  onClosed(): void
}
