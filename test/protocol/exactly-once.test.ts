// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'
import { encodePacket, type Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { randomNumbers } from '../support/random.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

// Each takes one or two seconds, but not on a machine that does other things too.
vi.setConfig({ testTimeout: 30_000 })

const MESSAGES = 10_000
/** What the broker announces to MQTT 5 publishers; the others keep to it as well. */
const OPEN_AT_ONCE = 10
const MAX_PACKET_ID = 65_535

interface Open {
  readonly packetId: number
  readonly payload: string
  isReleased: boolean
}

/** Publishes numbers with QoS 2, and remembers across connections what the protocol says it must. */
class Publisher {
  client!: MemoryClient
  sent = 0
  /** In the order of publishing. */
  readonly open: Open[] = []
  #lastPacketId = 0
  readonly #version: ProtocolVersion

  constructor(version: ProtocolVersion) {
    this.#version = version
  }

  get isDone(): boolean {
    return this.sent === MESSAGES && this.open.length === 0
  }

  connect(broker: MemoryBroker): void {
    this.client = MemoryClient.connect(broker, 'publisher', { version: this.#version, isPersistent: true })
    const again = this.open.map((message) => (message.isReleased ? toPubrel(message) : this.#toPublish(message, true)))
    if (again.length > 0) this.client.send(...again)
  }

  /** Up to `count` messages more, as far as the window has room. */
  nextPackets(count: number): Packet[] {
    const packets: Packet[] = []
    while (packets.length < count && this.open.length < OPEN_AT_ONCE && this.sent < MESSAGES) {
      do this.#lastPacketId = (this.#lastPacketId % MAX_PACKET_ID) + 1
      while (this.open.some(({ packetId }) => packetId === this.#lastPacketId))
      const message = { packetId: this.#lastPacketId, payload: String(++this.sent), isReleased: false }
      this.open.push(message)
      packets.push(this.#toPublish(message, false))
    }
    return packets
  }

  receive(): void {
    for (const packet of this.client.take()) {
      if (packet.type !== PacketType.PUBREC && packet.type !== PacketType.PUBCOMP) throw new Error('not an answer')
      const message = this.open.find(({ packetId }) => packetId === packet.packetId)
      if (packet.type === PacketType.PUBCOMP) {
        if (message !== undefined) this.open.splice(this.open.indexOf(message), 1)
        continue
      }
      if (packet.reasonCode !== 0) throw new Error(`PUBREC with ${packet.reasonCode}`)
      message!.isReleased = true
      this.client.send(toPubrel(message!))
    }
  }

  #toPublish({ packetId, payload }: Open, dup: boolean): Packet {
    return this.client.toPublish('t', payload, { qos: 2, packetId, dup })
  }
}

function toPubrel({ packetId }: Open): Packet {
  return { type: PacketType.PUBREL, packetId, reasonCode: 0 }
}

class Subscriber {
  client!: MemoryClient
  readonly payloads: string[] = []
  readonly #version: ProtocolVersion
  readonly #taken = new Set<number>()

  constructor(version: ProtocolVersion) {
    this.#version = version
  }

  connect(broker: MemoryBroker): void {
    this.client = MemoryClient.connect(broker, 'subscriber', { version: this.#version, isPersistent: true })
  }

  receive(): void {
    for (const packet of this.client.take()) {
      if (packet.type === PacketType.PUBLISH) {
        const packetId = packet.packetId!
        if (!this.#taken.has(packetId)) this.payloads.push(textOf(packet))
        this.#taken.add(packetId)
        this.client.ack(PacketType.PUBREC, packetId)
      } else if (packet.type === PacketType.PUBREL) {
        this.#taken.delete(packet.packetId)
        this.client.ack(PacketType.PUBCOMP, packet.packetId)
      } else throw new Error(`packet type ${packet.type}`)
    }
  }
}

const NUMBERS = Array.from({ length: MESSAGES }, (_, index) => String(index + 1))

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it.each([1, 2])('PO-24: 10 000 QoS 2 messages arrive once and in order over random cuts, seed %i', async (seed) => {
    const random = randomNumbers(seed)
    const broker = await MemoryBroker.start()
    const publisher = new Publisher(version)
    const subscriber = new Subscriber(version)
    publisher.connect(broker)
    subscriber.connect(broker)
    subscriber.client.subscribe(['t'], 2)
    let cuts = 0
    while (!publisher.isDone || subscriber.payloads.length < MESSAGES) {
      const packets = publisher.nextPackets(1 + random(8))
      const bytes = Buffer.concat(packets.map((packet) => encodePacket(packet, version)))
      switch (random(20)) {
        case 0:
          // Cut somewhere in what the publisher sends, and what was on its way to it is lost.
          if (random(2) === 0) publisher.receive()
          publisher.client.sendBytes(bytes.subarray(0, random(bytes.length + 1)))
          publisher.client.drop()
          publisher.connect(broker)
          cuts++
          break
        case 1:
          publisher.client.sendBytes(bytes)
          if (random(2) === 0) subscriber.receive()
          subscriber.client.drop()
          subscriber.connect(broker)
          cuts++
          break
        default:
          publisher.client.sendBytes(bytes)
      }
      if (random(3) > 0) publisher.receive()
      if (random(3) > 0) subscriber.receive()
    }
    expect(cuts).toBeGreaterThan(100)
    expect(subscriber.payloads).toEqual(NUMBERS)
  })

  it('PO-24 RD-19: QoS 2 messages arrive once and in order although the broker crashes again and again', async () => {
    const random = randomNumbers(3)
    const broker = await MemoryBroker.start()
    const publisher = new Publisher(version)
    const subscriber = new Subscriber(version)
    publisher.connect(broker)
    subscriber.connect(broker)
    subscriber.client.subscribe(['t'], 2)
    while (!publisher.isDone || subscriber.payloads.length < MESSAGES) {
      publisher.client.send(...publisher.nextPackets(1 + random(8)))
      if (random(3) > 0) publisher.receive()
      if (random(3) > 0) subscriber.receive()
      if (random(50) > 0) continue
      if (random(2) === 0) await broker.crash()
      else await broker.restart()
      publisher.connect(broker)
      subscriber.connect(broker)
    }
    expect(subscriber.payloads).toEqual(NUMBERS)
  })
})
