// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'
import type { Authorizer } from '../../src/broker/authorizer.ts'
import { allowAll } from '../../src/broker/authorizer.ts'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { NO_EXPIRY } from '../../src/codec/publish.ts'
import { Message } from '../../src/session/message.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { usedBytes } from '../support/collect-garbage.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

// Each takes one or two seconds, but not on a machine that does other things too.
vi.setConfig({ testTimeout: 30_000 })

const MIB = 1024 * 1024

function retainedMessage(topicName: string, payload: string): Message {
  return new Message({
    topicName,
    topic: Buffer.from(topicName),
    properties: Buffer.alloc(0),
    payload: Buffer.from(payload),
    qos: 1,
    retain: true,
    messageExpiryInterval: NO_EXPIRY,
    receivedAt: 0,
  })
}

/** Publishes as many retained messages, each on a topic of its own that its number spells. */
function retain(publisher: MemoryClient, count: number, qos: QoS): void {
  const atOnce = qos === 0 ? 1000 : 10
  for (let first = 0; first < count; first += atOnce) {
    const publishes = Array.from({ length: atOnce }, (_, index) =>
      publisher.toPublish(topicOf(first + index), String(first + index), { qos, packetId: 1 + index, retain: true }),
    )
    publisher.send(...publishes)
    publisher.take()
  }
}

function topicOf(number: number): string {
  return `r/${number % 100}/${number}`
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it.each([0, 1] as const)('RT-15: all of 1000 retained messages with QoS %i arrive, each once', async (qos) => {
    const broker = await MemoryBroker.start()
    retain(MemoryClient.connect(broker, 'publisher', { version }), 1000, qos)
    expect(broker.broker.retained.size).toBe(1000)
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    for (const filter of ['r/#', 'r/#', '#', '+/+/+']) {
      subscriber.subscribe([filter], qos)
      const arrived: string[] = []
      for (let got = subscriber.takePublishes(); got.length > 0; got = subscriber.takePublishes()) {
        for (const publish of got) {
          expect(publish).toMatchObject({ topicName: topicOf(Number(textOf(publish))), qos, retain: true })
          arrived.push(textOf(publish))
          if (qos > 0) subscriber.ack(PacketType.PUBACK, publish.packetId!)
        }
      }
      expect(new Set(arrived).size).toBe(1000)
      expect(arrived).toHaveLength(1000)
    }
  })

  // [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT4-3.3.1-10] [MQTT4-3.3.1-11]
  it('RT-03 RT-04: an empty message removes the retained one and is not counted itself', async () => {
    const broker = await MemoryBroker.start()
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    retain(publisher, 10, 1)
    expect(broker.broker.retained.size).toBe(10)
    publisher.publish(topicOf(3), '', { qos: 1, retain: true })
    expect(broker.broker.retained.size).toBe(9)
    publisher.publish('r/other', '', { retain: true })
    publisher.publish(topicOf(4), '', { qos: 1 })
    expect(broker.broker.retained.size).toBe(9)
  })

  // [MQTT-4.7.2-1] [MQTT4-4.7.2-1]
  it('RT-16: retained messages of $ topics are not sent for filters that begin with a wildcard', async () => {
    const store = new MemoryStore()
    const broker = await MemoryBroker.start({ store })
    broker.broker.publish(retainedMessage('$x/y', 'hidden'), null)
    broker.broker.publish(retainedMessage('$x', 'hidden'), null)
    for (const round of ['published by the broker', 'found in the store']) {
      const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
      for (const filter of ['#', '+/y', '+', '+/#', '+/+']) {
        subscriber.subscribe([filter])
        expect(subscriber.take(), `${filter}, ${round}`).toEqual([])
      }
      for (const filter of ['$x/y', '$x/+', '$x/#']) {
        subscriber.subscribe([filter])
        expect(subscriber.takePublishes().map(({ topicName }) => topicName)).toContain('$x/y')
      }
      await broker.restart()
    }
  })

  // Not a million, which takes some 10 s to publish: what is looked at does not depend on their number.
  const count = version === ProtocolVersion.V5 ? 100_000 : 20_000
  describe(`RT-27: with ${count} retained messages`, () => {
    async function start(): Promise<{ broker: MemoryBroker; reader: MemoryClient; other: MemoryClient }> {
      const broker = await MemoryBroker.start()
      retain(MemoryClient.connect(broker, 'publisher', { version }), count, 0)
      const other = MemoryClient.connect(broker, 'other', { version })
      return { broker, other, reader: MemoryClient.connect(broker, 'reader', { version }) }
    }

    it('a client that does not read them costs no memory, and others are served', async () => {
      const { broker, reader, other } = await start()
      const before = usedBytes()
      reader.transport.isBlocked = true
      reader.sendSubscribe(['#'], 0)
      broker.settle()
      expect(usedBytes() - before).toBeLessThan(MIB)
      const connection = [...broker.broker.connections].find(({ clientId }) => clientId === 'reader')!
      expect(connection.link.queuedBytes).toBeLessThan(256 * 1024)
      other.send({ type: PacketType.PINGREQ })
      other.takeFirst(PacketType.PINGRESP)
      reader.transport.unblock()
      reader.takeFirst(PacketType.SUBACK)
      expect(reader.takePublishes()).toHaveLength(count)
    })

    it('a client that reads them leaves others their turn', async () => {
      const { broker, reader, other } = await start()
      reader.transport.send(
        encodePacket(
          {
            type: PacketType.SUBSCRIBE,
            packetId: 1,
            subscriptions: [{ topicFilter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
          },
          version,
        ),
      )
      let turns = 0
      let longestMs = 0
      const pingreq = Buffer.of(0xc0, 0)
      const pingresp = Buffer.of(0xd0, 0)
      for (let hasMore = true; hasMore; turns++) {
        other.transport.send(pingreq)
        const startedAt = performance.now()
        hasMore = broker.turn()
        longestMs = Math.max(longestMs, performance.now() - startedAt)
        expect(other.transport.take()).toEqual(pingresp)
      }
      expect(turns).toBeGreaterThan(20)
      expect(longestMs).toBeLessThan(100)
      reader.takeFirst(PacketType.SUBACK)
      expect(reader.takePublishes()).toHaveLength(count)
    })
  })
})

it('RT-23 C-53 C-82: a retained message outlives its publisher’s right to publish it', async () => {
  let mayPublish = true
  const authorizer: Authorizer = { ...allowAll, mayPublish: () => mayPublish }
  const broker = await MemoryBroker.start({ authorizer })
  const publisher = MemoryClient.connect(broker, 'publisher')
  publisher.publish('t', 'a', { qos: 1, retain: true })
  mayPublish = false
  publisher.publish('t', 'b', { qos: 1, retain: true })
  const subscriber = MemoryClient.connect(broker, 'subscriber')
  subscriber.subscribe(['t'])
  expect(subscriber.takePublishes().map(textOf)).toEqual(['a'])
})

it('C-81: while retain is off stored messages are not sent, and they are there when it is on again', async () => {
  const store = new MemoryStore()
  const on = await MemoryBroker.start({ store })
  MemoryClient.connect(on, 'publisher').publish('t', 'a', { qos: 1, retain: true })

  const off = await MemoryBroker.start({ store, settings: { retainedMessagesEnabled: false } })
  const subscriber = MemoryClient.connect(off, 'subscriber')
  subscriber.subscribe(['t', '#'])
  expect(subscriber.take()).toEqual([])

  const onAgain = await MemoryBroker.start({ store })
  const late = MemoryClient.connect(onAgain, 'subscriber')
  late.subscribe(['t'])
  expect(late.takePublishes().map(textOf)).toEqual(['a'])
})
