// SPDX-License-Identifier: Apache-2.0
import { encodePacket, type Packet } from '../../../src/codec/packet.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Action, Slot } from './fuzz-broker.ts'
import { toFrame } from './frame.ts'
import { mutate } from './mutate.ts'
import { anyVersion, connect, PacketMaker, serverPacket } from './packet-maker.ts'
import type { Random } from './random-choice.ts'

const SLOTS = 10
/** One packet in so many is broken. */
const ONE_BROKEN_IN = 12

/** A client that mostly does what clients do, so that its session gets deep. */
interface Speaker {
  readonly version: ProtocolVersion
  readonly maker: PacketMaker
  /** Written, and not sent yet: it will come together with what is next. */
  waiting: Buffer[]
}

/** Thinks of what is done to a broker next; looks at what the broker has said to the clients. */
export class Fuzzer {
  readonly #random: Random
  readonly #slots: ReadonlyMap<number, Slot>
  readonly #speakers = new Map<number, Speaker>()
  /** Packets so far, broken ones included. */
  packets = 0

  constructor(random: Random, slots: ReadonlyMap<number, Slot>) {
    this.#random = random
    this.#slots = slots
  }

  next(): Action[] {
    const random = this.#random
    const number = random.below(SLOTS)
    switch (random.below(150)) {
      case 0:
        return [{ type: 'time', ms: random.of([25, 1_000, 1_000, 5_000, 60_000]) }]
      case 1:
        return [{ type: 'block', slot: number }]
      case 2:
      case 3:
        return [{ type: 'unblock', slot: number }]
      case 4:
        return [{ type: 'drop', slot: number }]
      case 5:
        return [{ type: 'hold-store' }]
      case 6:
      case 7:
        return [{ type: 'release-store' }]
      case 8:
        return [{ type: 'check' }]
      default:
        return this.#speak(number)
    }
  }

  #speak(number: number): Action[] {
    const random = this.#random
    const slot = this.#slots.get(number)
    // One that is in the middle of a packet which will never be complete gives up some time.
    const isStuck = slot?.conversation.isAtBoundary === false && random.oneIn(10)
    if (slot === undefined || slot.isGone || isStuck || random.oneIn(300)) return this.#open(number)
    const speaker = this.#speakers.get(number)!
    speaker.maker.take(slot.conversation.received.splice(0))
    if (!slot.conversation.isConnected && !random.oneIn(20)) return this.#send(number, speaker, [])
    const packet = random.oneIn(200) ? connect(random, speaker.version) : speaker.maker.next()
    return this.#send(number, speaker, [this.#encode(packet, speaker.version)])
  }

  #open(number: number): Action[] {
    const random = this.#random
    const version = anyVersion(random)
    const speaker: Speaker = { version, maker: new PacketMaker(random, version), waiting: [] }
    this.#speakers.set(number, speaker)
    // Some begin with something else.
    const first = random.oneIn(100) ? speaker.maker.next() : connect(random, version)
    return [{ type: 'open', slot: number }, ...this.#send(number, speaker, [this.#encode(first, version)])]
  }

  #encode(packet: Packet, version: ProtocolVersion): Buffer {
    const random = this.#random
    this.packets++
    if (!random.oneIn(ONE_BROKEN_IN)) return encodePacket(packet, version)
    const broken = random.oneIn(20) ? serverPacket(random, packet) : packet
    return mutate(toFrame(broken, version), random)
  }

  /** Cuts the stream wherever it likes. */
  #send(slot: number, speaker: Speaker, packets: readonly Buffer[]): Action[] {
    const random = this.#random
    speaker.waiting.push(...packets)
    if (speaker.waiting.length > 0 && speaker.waiting.length < 8 && random.oneIn(6)) return []
    const bytes = Buffer.concat(speaker.waiting)
    speaker.waiting = []
    if (bytes.length === 0) return []
    const cuts = random.oneIn(4)
      ? Array.from({ length: 1 + random.below(4) }, () => random.below(bytes.length + 1))
      : []
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
    return places.slice(1).map((end, i) => ({ type: 'send', slot, bytes: bytes.subarray(places[i], end) }))
  }
}
