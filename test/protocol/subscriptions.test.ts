// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'
import { type Authorizer, allowAll } from '../../src/broker/authorizer.ts'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { NO_EXPIRY } from '../../src/codec/publish.ts'
import { Message } from '../../src/session/message.ts'
import { usedBytes } from '../support/collect-garbage.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

// Each takes one or two seconds, but not on a machine that does other things too.
vi.setConfig({ testTimeout: 30_000 })

const MIB = 1024 * 1024

function message(topicName: string): Message {
  return new Message({
    topicName,
    topic: Buffer.from(topicName),
    properties: Buffer.alloc(0),
    payload: Buffer.from('m'),
    qos: 0,
    retain: false,
    messageExpiryInterval: NO_EXPIRY,
    receivedAt: 0,
  })
}

function filters(count: number, toFilter: (number: number) => string): string[] {
  return Array.from({ length: count }, (_, number) => toFilter(number))
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT-4.7.2-1] [MQTT4-4.7.2-1]
  it('TP-08: messages on $ topics do not match filters that begin with a wildcard', async () => {
    const broker = await MemoryBroker.start()
    const blind = MemoryClient.connect(broker, 'blind', { version })
    const seeing = MemoryClient.connect(broker, 'seeing', { version })
    blind.subscribe(['#', '+/x', '+', '+/#', '+/+', 'a/#', '/#', '$b/#', '$share/g/#', '$share/g/+/x'])
    seeing.subscribe(['$a/#'])
    seeing.subscribe(['$a/+'])
    for (const topicName of ['$a/x', '$a', '$a/x/y', '$', '$/x']) broker.broker.publish(message(topicName), null)
    expect(blind.take()).toEqual([])
    expect(seeing.takePublishes().map(({ topicName }) => topicName)).toEqual(['$a/x', '$a', '$a/x/y'])
  })

  it('TP-16: 100 000 filters that do not match cost a message nothing', async () => {
    const broker = await MemoryBroker.start()
    const many = MemoryClient.connect(broker, 'many', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    for (let first = 0; first < 100_000; first += 5_000) {
      const codes = many.subscribe(filters(5_000, (number) => `x/${first + number}/+`))
      expect(codes).toHaveLength(5_000)
    }
    many.subscribe(['y/+'])
    // Topics that were not seen before, so that each of them is matched.
    const packets = filters(1_000, (number) => `y/${number}`).map((topicName) =>
      encodePacket(publisher.toPublish(topicName, 'm'), version),
    )
    const startedAt = performance.now()
    for (const packet of packets) publisher.sendBytes(packet)
    expect((performance.now() - startedAt) / packets.length).toBeLessThan(1)
    expect(many.takePublishes()).toHaveLength(1_000)
    publisher.publish('x/70000/a', 'm')
    expect(many.takePublishes()).toHaveLength(1)
  })

  it('TP-17: filters that come and go leave no memory behind', async () => {
    // Not a million, which takes 6 s: a leak of 30 bytes for each would show.
    const rounds = version === ProtocolVersion.V5 ? 30 : 10
    const broker = await MemoryBroker.start()
    const client = MemoryClient.connect(broker, 'client', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const once = (round: number): void => {
      const wanted = filters(10_000, (number) =>
        number % 2 === 0 ? `${round}/${number}/+/a/b/#` : `${round}/${number}/a/b/c`,
      )
      expect(client.subscribe(wanted)).toHaveLength(10_000)
      publisher.publish(`${round}/7/a/b/c`, 'm')
      expect(client.takePublishes()).toHaveLength(1)
      client.unsubscribe(wanted)
    }
    once(0)
    const before = usedBytes()
    for (let round = 1; round <= rounds; round++) once(round)
    expect(broker.broker.subscriptions.size).toBe(0)
    expect(usedBytes() - before).toBeLessThan(3 * MIB)
  })

  it('SU-18: whoever publishes when SUBACK is there is heard, 10 000 times', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    for (let round = 1; round <= 10_000; round++) {
      const filter = [`t/${round % 7}`, 't/+', 't/#', '#'][round % 4]!
      expect(subscriber.subscribe([filter])).toEqual([0])
      publisher.publish(`t/${round % 7}`, String(round))
      expect(subscriber.takePublishes().map(textOf)).toEqual([String(round)])
      subscriber.unsubscribe([filter])
    }
  })

  it('SU-18 SU-25: SUBACK does not come before the subscription is durable, and then it is in force', async () => {
    const store = new HeldStore()
    const broker = await MemoryBroker.start({ store })
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version, isPersistent: true })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    store.isHeld = true
    subscriber.sendSubscribe(['t'], 0)
    expect(subscriber.take().filter(({ type }) => type !== PacketType.PUBLISH)).toEqual([])
    store.release()
    subscriber.takeFirst(PacketType.SUBACK)
    publisher.publish('t', 'm')
    expect(subscriber.takePublishes()).toHaveLength(1)
  })

  it('SU-19: 5000 filters in one packet have 5000 codes', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    const codes = subscriber.subscribe(
      filters(5_000, (number) => `t/${number}`),
      1,
    )
    expect(codes).toEqual(new Array(5_000).fill(1))
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    for (const number of [0, 1, 2_500, 4_999, 5_000]) publisher.publish(`t/${number}`, 'm')
    const topics = subscriber.takePublishes().map(({ topicName }) => topicName)
    expect(topics).toEqual(['t/0', 't/1', 't/2500', 't/4999'])
    subscriber.unsubscribe(filters(5_000, (number) => `t/${number}`))
    publisher.publish('t/1', 'm')
    expect(subscriber.take()).toEqual([])
  })

  it('C-53: permissions are not looked at again when messages are delivered', async () => {
    let maySubscribe = true
    const authorizer: Authorizer = { ...allowAll, maySubscribe: () => maySubscribe }
    const broker = await MemoryBroker.start({ authorizer })
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version, isPersistent: true })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    subscriber.subscribe(['t'], 1)
    maySubscribe = false
    publisher.publish('t', 'connected', { qos: 1 })
    expect(subscriber.takePublishes().map(textOf)).toEqual(['connected'])
    subscriber.drop()
    publisher.publish('t', 'away', { qos: 1 })
    const back = MemoryClient.connect(broker, 'subscriber', { version, isPersistent: true })
    expect(back.takePublishes().map(textOf)).toEqual(['connected', 'away'])
  })
})
