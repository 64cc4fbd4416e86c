// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('C-48: packets behind SUBSCRIBE wait until its answer is written', async () => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const client = MemoryClient.connect(broker, 'client', { version, isPersistent: true })
    store.isHeld = true
    client.sendSubscribe(['t'], 1)
    client.publish('t', 'm')
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ['t'] })
    client.publish('t', 'later')
    expect(client.take()).toEqual([])
    store.release()
    expect(client.take().map(({ type }) => type)).toEqual([PacketType.SUBACK, PacketType.PUBLISH, PacketType.UNSUBACK])
  })

  it('C-48: PINGREQ behind SUBSCRIBE is answered at the latest behind its answer', async () => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const client = MemoryClient.connect(broker, 'client', { version, isPersistent: true })
    store.isHeld = true
    client.sendSubscribe(['t'], 1)
    client.send({ type: PacketType.PINGREQ })
    const early = client.take()
    store.release()
    const types = [...early, ...client.take()].map(({ type }) => type)
    expect(types.toSorted((a, b) => a - b)).toEqual([PacketType.SUBACK, PacketType.PINGRESP])
  })

  it('a connection that ends while its input is held reads on, so that the end of the other side is seen', async () => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const client = MemoryClient.connect(broker, 'client', { version, isPersistent: true })
    store.isHeld = true
    client.sendSubscribe(['t'], 1)
    client.publish('t', 'm')
    MemoryClient.open(broker, 'client', { version, isPersistent: true })
    expect(client.transport.isEnded).toBe(true)
    expect(client.transport.isReadingPaused).toBe(false)
  })
})
