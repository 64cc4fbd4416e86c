// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/codec/packet.ts'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { UserProperty } from '../../src/codec/property.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'

const MIB = 1024 * 1024

const manyProperties = (count: number): UserProperty[] =>
  Array.from({ length: count }, (_, index) => [`name-${index % 7}`, `value-${index}`])

/** Properties that take exactly so many bytes: five each, and their texts. */
function propertiesOf(bytes: number): UserProperty[] {
  const properties: UserProperty[] = []
  let left = bytes
  for (; left > 20_000; left -= 10_005) properties.push(['n'.repeat(5_000), 'v'.repeat(5_000)])
  properties.push(['', 'v'.repeat(left - 5)])
  return properties
}

async function start(): Promise<{ broker: MemoryBroker; publisher: MemoryClient; subscriber: MemoryClient }> {
  const broker = await MemoryBroker.start()
  const subscriber = MemoryClient.connect(broker, 'subscriber')
  subscriber.subscribe(['t'], 1)
  return { broker, subscriber, publisher: MemoryClient.connect(broker, 'publisher') }
}

describe('user properties', () => {
  // [MQTT-3.3.2-17] [MQTT-3.3.2-18]
  it('UP-08: 10 000 of them are passed on, all and in order', async () => {
    const { publisher, subscriber } = await start()
    const userProperties = manyProperties(10_000)
    publisher.publish('t', 'm', { properties: { userProperties } })
    expect(subscriber.takePublishes().map(({ properties }) => properties?.userProperties)).toEqual([userProperties])
  })

  it('UP-08: the time that they take grows with their number and not faster', async () => {
    const { publisher, subscriber } = await start()
    const [fewPacket, manyPacket] = [2_000, 64_000].map((count) =>
      encodePacket(
        publisher.toPublish('t', 'm', { properties: { userProperties: manyProperties(count) } }),
        ProtocolVersion.V5,
      ),
    )
    const measure = (packet: Buffer): number => {
      let best = Number.POSITIVE_INFINITY
      for (let round = 0; round < 5; round++) {
        const begin = performance.now()
        publisher.sendBytes(packet)
        best = Math.min(best, performance.now() - begin)
        subscriber.transport.take()
      }
      return best
    }
    measure(fewPacket!)
    const few = measure(fewPacket!)
    const many = measure(manyPacket!)
    // 32 times as many: quadratic time would be a thousand times as much.
    expect(many).toBeLessThan(Math.max(few, 0.1) * 32 * 8)
    expect(many).toBeLessThan(1_000)
  })

  it('UP-08 ER-70: up to 5 MiB of them are accepted in a PUBLISH, one byte more is not', async () => {
    const { publisher, subscriber } = await start()
    const fit = propertiesOf(5 * MIB)
    publisher.publish('t', 'm', { properties: { userProperties: fit } })
    expect(subscriber.takePublishes()[0]!.properties?.userProperties).toHaveLength(fit.length)
    publisher.publish('t', 'm', { properties: { userProperties: propertiesOf(5 * MIB + 1) } })
    expect(publisher.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x95 })
    expect(publisher.transport.isEnded).toBe(true)
    expect(subscriber.take()).toEqual([])
  })

  it('UP-04 UP-08: other packets take 10 000 of them and pass on none', async () => {
    const { broker } = await start()
    const properties = { userProperties: manyProperties(10_000) }
    const client = MemoryClient.open(broker, 'client', { connect: { properties } })
    expect(client.takeFirst(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 })
    const filter = { topicFilter: 'u', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    const packets: Packet[] = [
      { type: PacketType.SUBSCRIBE, packetId: 1, subscriptions: [filter], properties },
      { type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ['u'], properties },
      { type: PacketType.PUBREL, packetId: 3, reasonCode: 0, properties },
    ]
    for (const packet of packets) {
      client.send(packet)
      const answers = client.take()
      expect(answers).toHaveLength(1)
      expect('properties' in answers[0]! ? answers[0].properties?.userProperties : undefined).toBeUndefined()
    }
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties })
    expect(client.take()).toEqual([])
    expect(client.transport.isEnded).toBe(true)
  })
})
