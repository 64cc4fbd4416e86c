// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../../src/codec/fault.ts'
import { FrameReader } from '../../../src/codec/frame-reader.ts'
import { decodePacket, type Packet } from '../../../src/codec/packet.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { MemoryTransport } from '../memory-transport.ts'

export interface Watcher {
  /** A packet has left the broker, whether or not the client will ever see it. */
  onLeft(packet: Packet): void
  /** The broker has ended its side. */
  onEnded(): void
}

/** A connection whose output is looked at when it leaves the broker. */
export class WatchedTransport extends MemoryTransport {
  readonly #watcher: Watcher
  readonly #reader: FrameReader

  constructor(version: ProtocolVersion, watcher: Watcher) {
    super()
    this.#watcher = watcher
    this.#reader = packetReader(version, (packet) => watcher.onLeft(packet))
  }

  override writeAll(chunks: readonly Buffer[]): boolean {
    if (this.isEnded) throw new Error('The broker writes after it has ended the connection')
    for (const chunk of chunks) this.#reader.push(chunk, chunk.length)
    return super.writeAll(chunks)
  }

  override end(): void {
    super.end()
    this.#watcher.onEnded()
  }
}

/** Reads what a broker sends, which must be packets of the version. */
export function packetReader(version: ProtocolVersion, onPacket: (packet: Packet) => void): FrameReader {
  return new FrameReader(
    {
      onFrame: (firstByte, buffer, _start, bodyStart, end) => {
        const packet = decodePacket(firstByte, buffer, bodyStart, end, version)
        if (packet instanceof Fault) throw new Error(`The broker sent what is no packet: ${packet.text}`)
        onPacket(packet)
      },
      onFrameFault: (_firstByte, fault) => {
        throw new Error(`The broker sent what is no packet: ${fault.text}`)
      },
    },
    268_435_460,
    false,
  )
}
