// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const types = (packets: readonly Packet[]): number[] => packets.map(({ type }) => type)

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT-4.3.2-4]
  it('PI-04: a QoS 1 message that is repeated before its PUBACK is acknowledged', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    subscriber.subscribe(['t'])
    publisher.send(
      publisher.toPublish('t', 'm', { qos: 1, packetId: 1 }),
      publisher.toPublish('t', 'm', { qos: 1, packetId: 1, dup: true }),
    )
    const acks = publisher.take()
    expect([1, 2]).toContain(acks.length)
    for (const ack of acks) expect(ack).toMatchObject({ type: PacketType.PUBACK, packetId: 1, reasonCode: 0 })
    const copies = subscriber.takePublishes()
    expect([1, 2]).toContain(copies.length)
    for (const copy of copies) expect(textOf(copy)).toBe('m')
  })

  it('C-60: a repeat of a QoS 1 message that is not acknowledged yet is ignored', async () => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const away = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    away.subscribe(['t'], 1)
    away.drop()
    store.isHeld = true
    publisher.publish('t', 'm', { qos: 1, packetId: 1 })
    publisher.publish('t', 'm', { qos: 1, packetId: 1, dup: true })
    publisher.publish('t', 'n', { qos: 1, packetId: 2 })
    store.release()
    broker.settle()
    expect(publisher.take()).toMatchObject([
      { type: PacketType.PUBACK, packetId: 1 },
      { type: PacketType.PUBACK, packetId: 2 },
    ])
    const back = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
    expect(back.takePublishes().map(textOf)).toEqual(['m', 'n'])
    // Acknowledged: now the identifier stands for a new message.
    publisher.publish('t', 'o', { qos: 1, packetId: 1, dup: true })
    expect(publisher.take()).toMatchObject([{ type: PacketType.PUBACK, packetId: 1 }])
    expect(back.takePublishes().map(textOf)).toEqual(['o'])
  })

  it.each([1, 2] as const)('PI-29 C-57: QoS %i is acknowledged when the message is stored for all', async (qos) => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const here = MemoryClient.connect(broker, 'here', { version })
    here.subscribe(['t'], 2)
    const names = ['away-1', 'away-2']
    for (const name of names) {
      const away = MemoryClient.connect(broker, name, { version, isPersistent: true })
      away.subscribe(['t'], 2)
      away.drop()
    }
    store.isHeld = true
    publisher.publish('t', 'm', { qos, packetId: 7 })
    expect(publisher.take()).toEqual([])
    publisher.send({ type: PacketType.PINGREQ })
    publisher.takeFirst(PacketType.PINGRESP)
    store.release()
    const type = qos === 1 ? PacketType.PUBACK : PacketType.PUBREC
    expect(publisher.take()).toMatchObject([{ type, packetId: 7, reasonCode: 0 }])
    expect(here.takePublishes()).toHaveLength(1)
    // It was acknowledged, so a crash takes nothing away.
    await broker.crash()
    for (const name of names) {
      const back = MemoryClient.connect(broker, name, { version, isPersistent: true })
      expect(back.takePublishes().map(textOf)).toEqual(['m'])
    }
  })

  it('PI-02 PI-05: acknowledgements leave in the order of their messages, though only some of them wait', async () => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const away = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
    away.subscribe(['stored'], 2)
    away.drop()
    store.isHeld = true
    publisher.publish('stored', 'm', { qos: 1, packetId: 1 })
    publisher.publish('other', 'm', { qos: 1, packetId: 2 })
    publisher.publish('stored', 'm', { qos: 2, packetId: 3 })
    publisher.publish('other', 'm', { qos: 2, packetId: 4 })
    publisher.publish('other', 'm', { qos: 1, packetId: 5 })
    expect(publisher.take()).toEqual([])
    store.release()
    const acks = publisher.take()
    const { PUBACK, PUBREC } = PacketType
    expect(types(acks)).toEqual([PUBACK, PUBACK, PUBREC, PUBREC, PUBACK])
    expect(acks.map((ack) => 'packetId' in ack && ack.packetId)).toEqual([1, 2, 3, 4, 5])
  })
})
