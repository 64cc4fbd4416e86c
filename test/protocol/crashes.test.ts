// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { LossyStore } from '../support/lossy-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

describe('a shutdown', () => {
  it('gives what a member of a group has not acknowledged to another one with the expiry interval of that moment', async () => {
    const broker = await MemoryBroker.start()
    const clients = ['one', 'two'].map((name) => MemoryClient.connect(broker, name))
    for (const client of clients) client.subscribe(['$share/g/t'], 1)
    // One for each.
    const properties = { messageExpiryInterval: 60 }
    for (const packetId of [1, 2]) clients[0]!.publish('t', 'm', { qos: 1, packetId, properties })
    for (const client of clients) client.take()
    broker.advance(10_000)
    await broker.restart()
    const intervals = clients
      .flatMap((client) => client.take())
      .flatMap((packet) => (packet.type === PacketType.PUBLISH ? packet.properties?.messageExpiryInterval : []))
    expect(intervals).toEqual([50])
  })
})

describe('a crash', () => {
  it.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))(
    'MQTT $name: a client that is told of its clean session does not find an earlier one after it',
    async ({ version }) => {
      const store = new LossyStore()
      const broker = await MemoryBroker.start({ store })
      MemoryClient.connect(broker, 'client', { version, isPersistent: true }).drop()
      store.isHeld = true
      const client = MemoryClient.open(broker, 'client', { version })
      expect(client.take()).toEqual([])
      store.release()
      client.takeFirst(PacketType.CONNACK)
    },
  )

  it('does not bring back a session of whose end the client was told by a second CONNECT', async () => {
    const store = new LossyStore()
    const broker = await MemoryBroker.start({ store })
    MemoryClient.connect(broker, 'client', { isPersistent: true }).drop()
    store.isHeld = true
    MemoryClient.open(broker, 'client')
    const again = MemoryClient.open(broker, 'client', { connect: { cleanStart: false } })
    expect(again.take()).toEqual([])
    store.release()
    expect(again.takeFirst<Connack>(PacketType.CONNACK).sessionPresent).toBe(false)
  })

  it('is the moment from which sessions expire, also when another crash follows', async () => {
    const broker = await MemoryBroker.start()
    MemoryClient.connect(broker, 'client', {
      connect: { properties: { sessionExpiryInterval: 100 } },
      isPersistent: true,
    })
    await broker.crash()
    // The broker's life goes on with another client.
    MemoryClient.connect(broker, 'other', { isPersistent: true })
    broker.advance(60_000)
    await broker.crash()
    broker.advance(60_000)
    const options = { version: ProtocolVersion.V5, isPersistent: true }
    const connack = MemoryClient.open(broker, 'client', options).takeFirst<Connack>(PacketType.CONNACK)
    expect(connack.sessionPresent).toBe(false)
  })

  it('is the moment from which the delay of a will counts, also when another crash follows', async () => {
    const broker = await MemoryBroker.start()
    const will = {
      topicName: 'will',
      payload: Buffer.from('gone'),
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 100 },
    } as const
    MemoryClient.connect(broker, 'client', { connect: { will }, isPersistent: true })
    await broker.crash()
    const watcher = MemoryClient.connect(broker, 'watcher', { isPersistent: true })
    watcher.subscribe(['will'], 1)
    broker.advance(60_000)
    await broker.crash()
    const again = MemoryClient.connect(broker, 'watcher', { isPersistent: true })
    broker.advance(39_000)
    expect(again.take()).toEqual([])
    broker.advance(2_000)
    expect(again.takePublishes()).toHaveLength(1)
  })
})
