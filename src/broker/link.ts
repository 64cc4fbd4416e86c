// SPDX-License-Identifier: Apache-2.0
import type { OutputLink } from '../session/outlet.ts'
import type { CloseReason } from './close-reason.ts'
import type { Peer } from './peer.ts'

/** A client's byte stream as the broker sees it. It knows nothing of sockets, TLS or WebSocket. */
export interface Link extends OutputLink {
  readonly peer: Peer
  /** Who is told what happens on the link. Set once, before the first byte. */
  listener: LinkListener
  /** Takes no more bytes from the peer until `resumeReading`. */
  pauseReading(): void
  resumeReading(): void
  /** Sends what is written, then ends the stream. What still comes in is thrown away. */
  close(): void
  /** Lets go of the link at once. */
  destroy(): void
}

export interface LinkListener {
  /** `length` bytes of `chunk`, which belongs to the link again when this returns. */
  onBytes(chunk: Buffer, length: number): void
  /** The link is ready for output that was held back. */
  onReady(): void
  /** The peer has ended the link by a word of its transport, or broken the transport's rules: the link has to be closed. */
  onEnded(reason: CloseReason): void
  /** The link is gone, whoever ended it. Called once. */
  onClosed(): void
}
