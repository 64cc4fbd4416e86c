// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'

const MIB = 1024 * 1024
const LONGEST_TOPIC = 65_535
const ALIASES = 5

describe('topic aliases', () => {
  it('TA-13: permissions are asked for with the topic that the alias stands for', async () => {
    const asked: string[] = []
    let isPermitted = true
    const broker = await MemoryBroker.start({
      authorizer: {
        mayPublish: (_client, topicName, qos, retain) => {
          asked.push(`${topicName} ${qos} ${retain}`)
          return isPermitted
        },
        maySubscribe: () => true,
      },
    })
    const client = MemoryClient.connect(broker, 'client')
    client.publish('a/topic', 'm', { properties: { topicAlias: 1 } })
    client.publish('', 'm', { properties: { topicAlias: 1 } })
    expect(asked).toEqual(['a/topic 0 false', 'a/topic 0 false'])
    // The permission is gone: the alias is no way around that.
    isPermitted = false
    client.publish('', 'm', { qos: 1, packetId: 7, retain: true, properties: { topicAlias: 1 } })
    expect(asked.at(-1)).toBe('a/topic 1 true')
    expect(client.takeFirst(PacketType.PUBACK)).toMatchObject({ packetId: 7, reasonCode: 0x87 })
    expect(client.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x87 })
    expect(client.transport.isEnded).toBe(true)
  })

  it('TA-15: a topic that may be published to at QoS 0 only can get its alias from a message that is refused', async () => {
    const broker = await MemoryBroker.start({
      authorizer: { mayPublish: (_client, _topicName, qos) => qos === 0, maySubscribe: () => true },
    })
    const client = MemoryClient.connect(broker, 'client')
    client.publish('t', 'm', { qos: 1, properties: { topicAlias: 1 } })
    expect(client.takeFirst(PacketType.PUBACK)).toMatchObject({ reasonCode: 0x87 })
    expect(client.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x87 })
    // Whatever became of it, it is gone with the connection.
    const again = MemoryClient.connect(broker, 'client')
    again.publish('', 'm', { properties: { topicAlias: 1 } })
    expect(again.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x82 })
  })

  // Not 10 000 clients but as many as it takes to pass the limit, and the same topics for all, which takes less time.
  it('TA-14 C-70 ER-69: the aliases of all clients together take at most 200 MiB', { timeout: 20_000 }, async () => {
    const broker = await MemoryBroker.start()
    const topicOf = (alias: number): string => String.fromCodePoint(96 + alias).repeat(LONGEST_TOPIC)
    const setAlias = (client: MemoryClient, alias: number): void =>
      client.publish(topicOf(alias), '', { properties: { topicAlias: alias } })
    const clients: MemoryClient[] = []
    let [aliases, refused]: [number, MemoryClient | null] = [0, null]
    for (let i = 0; i < 10_000 && refused === null; i++) {
      const client = MemoryClient.connect(broker, `client-${i}`)
      clients.push(client)
      for (let alias = 1; alias <= ALIASES && refused === null; alias++) {
        setAlias(client, alias)
        if (client.transport.isEnded) refused = client
        else aliases++
      }
    }
    expect(refused!.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x97 })
    expect(aliases).toBe(Math.floor((200 * MIB) / LONGEST_TOPIC))

    // The others keep theirs, and a topic in place of another takes no more than it is longer.
    const [first, ...others] = clients
    first!.publish('', 'm', { properties: { topicAlias: 1 } })
    first!.publish('brief', 'm', { properties: { topicAlias: 1 } })
    first!.publish(topicOf(2), 'm', { properties: { topicAlias: 2 } })
    expect(first!.take()).toEqual([])
    expect(first!.transport.isEnded).toBe(false)
    // What a client had is free when it goes.
    for (const client of others) client.drop()
    const newcomer = MemoryClient.connect(broker, 'newcomer')
    for (let alias = 1; alias <= ALIASES; alias++) setAlias(newcomer, alias)
    expect(newcomer.transport.isEnded).toBe(false)
  })
})
