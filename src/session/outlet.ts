// SPDX-License-Identifier: Apache-2.0
import type { Fault } from '../codec/fault.ts'
import type { ProtocolVersion } from '../codec/protocol-version.ts'

/**
 * Where bytes for a client go: the writing side of its link, as far as whoever encodes packets needs it. What is written in
 * one turn of the event loop leaves in one write at its end.
 */
export interface OutputLink {
  /** Output is encoded in place: `reserve` first, then write here. */
  readonly slab: Buffer
  /** Makes room for `length` bytes and returns where in `slab` they go. At most MAX_RESERVE. */
  reserve(length: number): number
  /** Sends bytes of any length without copying them; they must not change until they are gone. */
  writeShared(bytes: Buffer): void
  /** Bytes that wait for the peer to read. */
  readonly queuedBytes: number
  /** The peer reads too slowly: what can wait should wait until the link asks for more. */
  readonly isCongested: boolean
  /** Has the link ask for more output after its next write, without waiting for congestion to end. */
  askForMore(): void
}

/** Longer packets do not fit a slab and are written as shared bytes. */
export const MAX_RESERVE: number = 32 * 1024

/** A session's open connection, as far as deliveries are concerned. */
export interface Outlet {
  readonly link: OutputLink
  readonly version: ProtocolVersion
  /** What the client said it takes. */
  readonly maxPacketSize: number
  close(reason: Fault): void
}

/** Copies a packet of any length to the link. */
export function writePacket(link: OutputLink, packet: Buffer): void {
  if (packet.length > MAX_RESERVE) {
    link.writeShared(packet)
    return
  }
  const at = link.reserve(packet.length)
  link.slab.set(packet, at)
}
