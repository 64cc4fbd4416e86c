// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { UserProperty } from '../../src/codec/property.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { usedBytes } from '../support/collect-garbage.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

// Each takes one or two seconds, but not on a machine that does other things too.
vi.setConfig({ testTimeout: 30_000 })

const MIB = 1024 * 1024

// [MQTT-4.13.1-1]
it('ER-69 C-70: topic aliases of all clients have 200 MiB together, and no more', async () => {
  const broker = await MemoryBroker.start()
  const topicName = 'a'.repeat(65_535)
  const fitting = Math.floor((200 * MIB) / topicName.length)
  const clients: MemoryClient[] = []
  const packets = [1, 2, 3, 4, 5].map((topicAlias) => {
    const properties = { topicAlias }
    const publish = { type: PacketType.PUBLISH, topicName, payload: Buffer.alloc(0), qos: 0, properties } as const
    return encodePacket({ ...publish, retain: false, dup: false }, ProtocolVersion.V5)
  })
  const setAlias = (number: number): MemoryClient => {
    const index = Math.floor(number / packets.length)
    const client = (clients[index] ??= MemoryClient.connect(broker, `client-${index}`))
    client.sendBytes(packets[number % packets.length]!)
    return client
  }
  // Setting an alias again takes nothing more.
  for (let number = 0; number < fitting; number++) {
    expect(setAlias(number).transport.isEnded).toBe(false)
    if (number % 100 === 0) expect(setAlias(number).transport.isEnded).toBe(false)
  }
  const last = setAlias(fitting)
  expect(last.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x97 })
  expect(last.transport.isEnded).toBe(true)
  // Who is gone has given back what it had.
  last.drop()
  clients[0]!.drop()
  const next = MemoryClient.connect(broker, 'next')
  for (const packet of packets) next.sendBytes(packet)
  expect(next.transport.isEnded).toBe(false)
})

describe('ER-70: user properties of one PUBLISH', () => {
  // Each takes its identifier and two lengths beside the text.
  const propertyBytes = 5 + 3 + 1019
  const property: UserProperty = ['key', 'v'.repeat(1019)]
  const publish = async (count: number): Promise<{ publisher: MemoryClient; subscriber: MemoryClient }> => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber')
    const publisher = MemoryClient.connect(broker, 'publisher')
    subscriber.subscribe(['t'])
    const userProperties = new Array<UserProperty>(count).fill(property)
    publisher.publish('t', 'm', { properties: { userProperties } })
    return { publisher, subscriber }
  }

  it('are passed on up to 5 MiB', async () => {
    const count = Math.floor((5 * MIB) / propertyBytes) - 5
    const { publisher, subscriber } = await publish(count)
    const [arrived] = subscriber.takePublishes()
    expect(arrived!.properties!.userProperties).toHaveLength(count)
    expect(publisher.take()).toEqual([])
  })

  // [MQTT-4.13.1-1]
  it('end the connection above that', async () => {
    const { publisher, subscriber } = await publish(Math.ceil((5 * MIB) / 1019) + 5)
    expect(publisher.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x95 })
    expect(publisher.transport.isEnded).toBe(true)
    expect(subscriber.take()).toEqual([])
  })

  it('may be 100 000 small ones, which takes no time', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber')
    const publisher = MemoryClient.connect(broker, 'publisher')
    subscriber.subscribe(['t'])
    const userProperties = new Array<UserProperty>(100_000).fill(['k', 'v'])
    const startedAt = performance.now()
    publisher.publish('t', 'm', { properties: { userProperties } })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(subscriber.takePublishes()[0]!.properties!.userProperties).toHaveLength(100_000)
  })
})

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('C-68: a client that does not read its answers is not read either, and nothing of its messages is lost', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    const greedy = MemoryClient.connect(broker, 'greedy', { version })
    subscriber.subscribe(['t'], 0)
    greedy.transport.isBlocked = true
    const before = usedBytes()
    const pings = Buffer.alloc(64 * 1024, Buffer.of(0xc0, 0))
    let sent = 0
    for (; sent < 20 * MIB && !greedy.transport.isReadingPaused; sent += pings.length) greedy.sendBytes(pings)
    expect(greedy.transport.isReadingPaused).toBe(true)
    expect(sent).toBeLessThan(8 * MIB)
    expect(usedBytes() - before).toBeLessThan(12 * MIB)
    for (let packetId = 1; packetId <= 10; packetId++) greedy.publish('t', String(packetId), { qos: 1, packetId })
    expect(subscriber.take()).toEqual([])

    // Each PINGREQ and its answer take two bytes.
    greedy.transport.unblock()
    broker.settle()
    const answers = greedy.transport.take()
    expect(answers.subarray(0, sent).equals(Buffer.alloc(sent, Buffer.of(0xd0, 0)))).toBe(true)
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    expect(answers.subarray(sent)).toEqual(Buffer.concat(numbers.map((number) => Buffer.of(0x40, 2, 0, number))))
    expect(subscriber.takePublishes().map(textOf)).toEqual(numbers.map(String))
  })
})
