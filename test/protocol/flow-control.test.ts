// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Publish } from '../../src/codec/publish.ts'
import { usedBytes } from '../support/collect-garbage.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { versionName } from '../support/script/script.ts'

const MIB = 1024 * 1024
const MESSAGES = 100_000
/** So many go into one chunk, as a client writes that does not wait for answers. */
const CHUNK = 100

const THREES = [ProtocolVersion.V3_1, ProtocolVersion.V3_1_1].map((version) => ({
  version,
  name: versionName(version),
}))

/** Acknowledges until nothing more comes; returns the payloads. */
function drain(subscriber: MemoryClient): string[] {
  const payloads: string[] = []
  for (let got = subscriber.takePublishes(); got.length > 0; got = subscriber.takePublishes()) {
    payloads.push(...got.map(textOf))
    subscriber.send(
      ...got.map(({ packetId }) => ({ type: PacketType.PUBACK, packetId: packetId!, reasonCode: 0 }) as const),
    )
  }
  return payloads
}

function chunkOf(publisher: MemoryClient, first: number, payloadOf: (number: number) => string): Buffer {
  const packets: Publish[] = []
  for (let number = first; number < first + CHUNK; number++) {
    packets.push(publisher.toPublish('t', payloadOf(number), { qos: 1, packetId: (number % 65_535) + 1 }))
  }
  return Buffer.concat(packets.map((packet) => encodePacket(packet, publisher.version)))
}

describe.each(THREES)('MQTT $name', ({ version }) => {
  it(
    'FC-10: a publisher that reads no acknowledgements is not closed, and nothing that is acknowledged is lost',
    { timeout: 20_000 },
    async () => {
      const broker = await MemoryBroker.start()
      const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
      subscriber.subscribe(['t'], 1)
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      publisher.transport.isBlocked = true
      const before = usedBytes()
      let received = 0
      for (let first = 0; first < MESSAGES; first += CHUNK) {
        publisher.sendBytes(chunkOf(publisher, first, String))
        for (const payload of drain(subscriber)) expect(Number(payload)).toBe(received++)
      }
      expect(received).toBe(MESSAGES)
      // Four bytes for each answer, which wait for the publisher to read them.
      expect(usedBytes() - before).toBeLessThan(8 * MIB)
      expect(publisher.transport.isEnded).toBe(false)
      publisher.transport.unblock()
      const acks = publisher.take()
      expect(acks).toHaveLength(MESSAGES)
      expect(acks.every(({ type }) => type === PacketType.PUBACK)).toBe(true)
    },
  )

  it('FC-10 C-68: what a publisher sends is not read any more while too many answers wait for it', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    subscriber.subscribe(['t'], 1)
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    publisher.subscribe(['fill'])
    const other = MemoryClient.connect(broker, 'other', { version })
    publisher.transport.isBlocked = true
    // Answers may fill 6 MiB. Most of that is QoS 0, so that fewer of them are needed.
    for (let i = 0; i < 6; i++) other.publish('fill', Buffer.alloc(MIB - 1024))
    let [sent, received] = [0, 0]
    while (!publisher.transport.isReadingPaused && sent < MESSAGES) {
      publisher.sendBytes(chunkOf(publisher, sent, String))
      sent += CHUNK
      received += drain(subscriber).length
    }
    expect(publisher.transport.isReadingPaused).toBe(true)
    expect(received).toBe(sent)
    // What it sends from now on stays with it.
    publisher.sendBytes(chunkOf(publisher, sent, String))
    expect(drain(subscriber)).toEqual([])
    other.send({ type: PacketType.PINGREQ })
    other.takeFirst(PacketType.PINGRESP)
    publisher.transport.unblock()
    expect(publisher.transport.isReadingPaused).toBe(false)
    expect(drain(subscriber)).toHaveLength(CHUNK)
    expect(publisher.take().filter(({ type }) => type === PacketType.PUBACK)).toHaveLength(sent + CHUNK)
  })
})

describe('MQTT 5 with a store that is slow', () => {
  async function start(): Promise<{ store: HeldStore; publisher: MemoryClient }> {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    MemoryClient.connect(broker, 'away', { isPersistent: true }).subscribe(['stored'], 2)
    const publisher = MemoryClient.connect(broker, 'publisher')
    store.isHeld = true
    return { store, publisher }
  }

  // [MQTT-3.3.4-7]
  it('FC-06: QoS 1 messages count until their PUBACK is sent', async () => {
    const { publisher } = await start()
    for (let packetId = 1; packetId <= 10; packetId++) publisher.publish('stored', 'm', { qos: 1, packetId })
    expect(publisher.take()).toEqual([])
    publisher.publish('stored', 'm', { qos: 1, packetId: 11 })
    expect(publisher.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x93 })
    expect(publisher.take()).toEqual([])
    expect(publisher.transport.isEnded).toBe(true)
  })

  it('FC-07: once PUBACK is sent a QoS 1 message does not count any more', async () => {
    const { store, publisher } = await start()
    for (let packetId = 1; packetId <= 10; packetId++) publisher.publish('stored', 'm', { qos: 1, packetId })
    store.release()
    expect(publisher.take().map((packet) => 'packetId' in packet && packet.packetId)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ])
    store.isHeld = true
    for (let packetId = 1; packetId <= 10; packetId++) publisher.publish('stored', 'm', { qos: 1, packetId })
    expect(publisher.take()).toEqual([])
    store.release()
    expect(publisher.take()).toHaveLength(10)
  })

  it('FC-07: a QoS 2 message does not count any more once PUBCOMP is sent, not before', async () => {
    const { store, publisher } = await start()
    for (let packetId = 1; packetId <= 10; packetId++) publisher.publish('stored', 'm', { qos: 2, packetId })
    store.release()
    expect(publisher.take()).toHaveLength(10)
    publisher.ack(PacketType.PUBREL, 1)
    publisher.takeFirst(PacketType.PUBCOMP)
    publisher.publish('stored', 'm', { qos: 2, packetId: 11 })
    publisher.takeFirst(PacketType.PUBREC)
    publisher.publish('stored', 'm', { qos: 2, packetId: 12 })
    expect(publisher.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x93 })
  })
})
