// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { checkBooks } from '../support/check-books.ts'
import { MemoryBroker, type MemoryBrokerOptions } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { strictLogger } from '../support/strict-logger.ts'
import { registerMetrics, valuesOf } from '../support/registered-metrics.ts'

interface Watched {
  readonly broker: MemoryBroker
  /** The value of `com.hivemq.<name>` now. */
  readonly value: (name: string) => number | undefined
}

async function start(options: MemoryBrokerOptions = {}, isInMemory = false): Promise<Watched> {
  const broker = await MemoryBroker.start(options)
  const registry = registerMetrics(broker, isInMemory)
  return { broker, value: (name) => valuesOf(registry).get(`com.hivemq.${name}`) }
}

describe('metrics of packets', () => {
  it('count each packet by its type, and its bytes, in both directions', async () => {
    const { broker, value } = await start()
    const client = MemoryClient.connect(broker, 'client')
    client.subscribe(['a'], 2)
    const bytesBefore = [value('networking.bytes.read.total')!, value('networking.bytes.write.total')!] as const
    const publish = client.toPublish('a', 'text', { qos: 2 })
    client.send(publish, { type: PacketType.PUBREL, packetId: 1, reasonCode: 0 }, { type: PacketType.PINGREQ })
    const answers = client.take()
    client.ack(PacketType.PUBREC, 1)
    client.ack(PacketType.PUBCOMP, 1)
    answers.push(...client.take())
    const sizeOf = (packets: readonly Parameters<typeof encodePacket>[0][]): number =>
      packets.reduce((sum, packet) => sum + encodePacket(packet, ProtocolVersion.V5).length, 0)
    expect(value('networking.bytes.read.total')! - bytesBefore[0]).toBe(sizeOf([publish]) + 4 + 2 + 4 + 4)
    expect(value('networking.bytes.write.total')! - bytesBefore[1]).toBe(sizeOf(answers))
    client.unsubscribe(['a'])
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    const incoming = ['connect', 'subscribe', 'publish', 'pubrel', 'pubrec', 'pubcomp', 'pingreq', 'unsubscribe']
    expect(incoming.map((type) => value(`messages.incoming.${type}.count`))).toEqual(incoming.map(() => 1))
    expect(value('messages.incoming.disconnect.count')).toBe(1)
    expect(value('messages.incoming.total.count')).toBe(9)
    const outgoing = ['connack', 'suback', 'publish', 'pubrec', 'pubcomp', 'pubrel', 'pingresp', 'unsuback']
    expect(outgoing.map((type) => value(`messages.outgoing.${type}.count`))).toEqual(outgoing.map(() => 1))
    expect(value('messages.outgoing.total.count')).toBe(8)
    expect(value('networking.connections-closed.graceful.count')).toBe(1)
    expect(value('networking.connections-closed.ungraceful.count')).toBe(0)
  })

  it('count what is refused, but not what cannot be decoded, nor a second CONNECT', async () => {
    const { broker, value } = await start({ authorizer: { mayPublish: () => false, maySubscribe: () => true } })
    MemoryClient.connect(broker, 'refused').publish('a', 'x')
    expect(value('messages.incoming.publish.count')).toBe(1)
    const broken = MemoryClient.connect(broker, 'broken')
    broken.sendBytes(Buffer.from([0x36, 4, 0, 1, 0x61, 0])) // QoS 3
    expect(value('messages.incoming.publish.count')).toBe(1)
    const twice = MemoryClient.connect(broker, 'twice')
    twice.sendBytes(Buffer.from([0x10, 2, 0, 0]))
    expect(value('messages.incoming.connect.count')).toBe(3)
    const old = MemoryClient.connect(broker, 'old', { version: ProtocolVersion.V3_1_1 })
    expect(value('messages.incoming.connect.mqtt5.count')).toBe(3)
    expect(value('messages.incoming.connect.mqtt3.count')).toBe(1)
    expect(value('messages.outgoing.disconnect.count')).toBe(3)
    old.sendBytes(Buffer.from([0xff]))
    expect(value('messages.outgoing.disconnect.count')).toBe(3)
    MemoryClient.open(broker, 'x', { version: ProtocolVersion.V3_1, connect: { clientId: '' } })
    expect(value('messages.incoming.connect.count')).toBe(5)
  })

  it('count what is sent to each client, and again', async () => {
    const { broker, value } = await start()
    const away = MemoryClient.connect(broker, 'away', { isPersistent: true })
    away.subscribe(['a'], 1)
    const others = ['b', 'c'].map((clientId) => MemoryClient.connect(broker, clientId))
    for (const other of others) other.subscribe(['a'])
    MemoryClient.connect(broker, 'publisher').publish('a', 'x', { qos: 1 })
    expect(value('messages.outgoing.publish.count')).toBe(3)
    away.drop()
    MemoryClient.connect(broker, 'away', { isPersistent: true })
    expect(value('messages.outgoing.publish.count')).toBe(4)
  })
})

describe('metrics of what there is', () => {
  it('count connections from their first byte, until they are gone', async () => {
    const { broker, value } = await start()
    const transport = broker.open()
    expect(value('networking.connections.current')).toBe(1)
    transport.drop()
    expect(value('networking.connections.current')).toBe(0)
    expect(value('networking.connections-closed.total.count')).toBe(1)
    const client = MemoryClient.connect(broker, 'client', { isPersistent: true, connect: { keepAliveSec: 10 } })
    expect(value('sessions.persistent.active')).toBe(1)
    broker.advance(20_000)
    client.drop()
    expect(value('keep-alive.disconnect.count')).toBe(1)
    expect(value('networking.connections-closed.total.count')).toBe(2)
    expect(value('sessions.persistent.active')).toBe(0)
    expect(value('sessions.overall.current')).toBe(1)
    broker.advance(3_600_000)
    expect(value('sessions.overall.current')).toBe(0)
  })

  it('count subscriptions by client and filter, members of groups one each', async () => {
    const { broker, value } = await start()
    const [a, b] = ['a', 'b'].map((clientId) => MemoryClient.connect(broker, clientId, { isPersistent: true }))
    a!.subscribe(['x', 'y/#', '$share/g/x'])
    b!.subscribe(['x', '$share/g/x'])
    b!.subscribe(['x'], 1)
    expect(value('subscriptions.overall.current')).toBe(5)
    a!.drop()
    expect(value('subscriptions.overall.current')).toBe(5)
    b!.unsubscribe(['x', 'unknown'])
    expect(value('subscriptions.overall.current')).toBe(4)
    broker.advance(3_601_000)
    expect(value('subscriptions.overall.current')).toBe(1)
  })

  it('count wills, while they wait and when they are published', async () => {
    const { broker, value } = await start()
    const connect = (clientId: string, willDelayInterval: number): MemoryClient => {
      const will = { topicName: 'will', payload: Buffer.from('x'), qos: 0, retain: false } as const
      return MemoryClient.connect(broker, clientId, {
        isPersistent: true,
        connect: { will: { ...will, properties: { willDelayInterval } } },
      })
    }
    const [polite, lost, delayed] = [connect('polite', 0), connect('lost', 0), connect('delayed', 10)]
    expect(value('messages.will.count.current')).toBe(3)
    polite.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    lost.drop()
    delayed.drop()
    expect(value('messages.will.count.current')).toBe(1)
    expect(value('messages.will.published.count.total')).toBe(1)
    broker.advance(10_000)
    expect(value('messages.will.count.current')).toBe(0)
    expect(value('messages.will.published.count.total')).toBe(2)
  })

  it('count retained messages, and the bytes of what is in memory', async () => {
    const { broker, value } = await start({}, true)
    const size = (what: string): number => value(`persistence.${what}.in-memory.total-size`)!
    const parts = ['retained-messages', 'client-session.subscriptions', 'client-sessions', 'queued-messages']
    const empty = parts.map(size)
    const client = MemoryClient.connect(broker, 'client')
    client.publish('a', 'x'.repeat(10_000), { retain: true })
    const once = size('retained-messages')
    expect(once).toBeGreaterThan(10_000)
    client.publish('a', 'x'.repeat(10_000), { retain: true })
    expect(size('retained-messages')).toBe(once)
    client.publish('b', 'x', { retain: true, properties: { messageExpiryInterval: 5 } })
    expect(value('messages.retained.current')).toBe(2)
    broker.advance(6_000)
    expect(value('messages.retained.current')).toBe(1)
    client.publish('a', '', { retain: true })
    expect(value('messages.retained.current')).toBe(0)
    const away = MemoryClient.connect(broker, 'away', { isPersistent: true })
    away.subscribe(['a/#'], 1)
    away.drop()
    for (let i = 0; i < 10; i++) client.publish('a/b', 'x'.repeat(1_000), { qos: 1 })
    expect(value('messages.queued.count')).toBe(10)
    expect(size('queued-messages')).toBeGreaterThan(10_000)
    expect(size('client-session.subscriptions')).toBeGreaterThan(0)
    const back = MemoryClient.connect(broker, 'away', { connect: { properties: { sessionExpiryInterval: 0 } } })
    back.drop()
    client.drop()
    expect(parts.map(size)).toEqual(empty)
  })

  it('see the clients that read too slowly, as long as they do', async () => {
    const { broker, value } = await start()
    const slow = MemoryClient.connect(broker, 'slow')
    slow.subscribe(['a'])
    slow.transport.isBlocked = true
    const fast = MemoryClient.connect(broker, 'fast')
    for (let i = 0; i < 10; i++) fast.publish('a', 'x'.repeat(40_000))
    expect(value('mqtt.connection.not-writable.current')).toBe(1)
    slow.drop()
    expect(value('mqtt.connection.not-writable.current')).toBe(0)
  })
})

describe('the books of deliveries', () => {
  it('say for each delivery that did not arrive why', async () => {
    const { broker, value } = await start({ settings: { maxQueueSize: 2 } })
    const { metrics } = broker.broker
    const away = MemoryClient.connect(broker, 'away', { isPersistent: true })
    away.subscribe(['one', '$share/group/shared'], 1)
    away.subscribe(['zero'], 0)
    away.drop()
    const small = MemoryClient.connect(broker, 'small', { connect: { properties: { maximumPacketSize: 50 } } })
    small.subscribe(['large'], 0)
    const publisher = MemoryClient.connect(broker, 'publisher')
    const noLocal = { type: PacketType.SUBSCRIBE, packetId: 9 } as const
    const options = { qos: 0, noLocal: true, retainAsPublished: false, retainHandling: 0 } as const
    publisher.send({ ...noLocal, subscriptions: [{ topicFilter: '#', ...options }] })
    publisher.publish('nobody', 'x')
    publisher.publish('zero', 'x')
    publisher.publish('large', 'x'.repeat(100))
    publisher.publish('one', 'x', { qos: 1, properties: { messageExpiryInterval: 0 } })
    for (let i = 0; i < 4; i++) publisher.publish('one', 'x', { qos: 1 })
    for (let i = 0; i < 3; i++) publisher.publish('shared', 'x', { qos: 1 })
    expect(metrics.owedByPublications).toBe(10)
    expect(metrics.queued).toBe(4)
    expect(metrics.dropped).toEqual({
      ...Object.fromEntries(Object.values(DropReason).map((reason) => [reason, 0])),
      [DropReason.CLIENT_AWAY]: 1,
      [DropReason.MAX_PACKET_SIZE_EXCEEDED]: 1,
      [DropReason.EXPIRED]: 1,
      [DropReason.QUEUE_FULL]: 2,
      [DropReason.SHARED_QUEUE_FULL]: 1,
    })
    // HiveMQ does not call it dropped that QoS 0 is not kept, nor that a message expires.
    expect(value('messages.dropped.count')).toBe(4)
    expect(value('messages.expired.messages')).toBe(1)
    checkBooks(broker.broker)
    broker.advance(3_601_000)
    expect(metrics.dropped[DropReason.SESSION_ENDED]).toBe(2)
    expect(metrics.dropped[DropReason.GROUP_ENDED]).toBe(2)
    expect(value('messages.dropped.count')).toBe(4)
    checkBooks(broker.broker)
  })

  it('are looked at when the broker stops: what does not balance is an ERROR', async () => {
    const errors: string[] = []
    const broker = await MemoryBroker.start({ logger: { ...strictLogger, error: (text) => errors.push(text) } })
    broker.broker.metrics.owedByPublications += 3
    await broker.broker.stop()
    expect(errors).toEqual(['The books of deliveries do not balance: 3 of them are not accounted for.'])
  })

  it('begin again with what the store has to deliver', async () => {
    const { broker } = await start()
    const reader = MemoryClient.connect(broker, 'reader', { isPersistent: true })
    reader.subscribe(['a'], 1)
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('a', 'in flight', { qos: 1 })
    reader.drop()
    publisher.publish('a', 'queued', { qos: 1 })
    publisher.publish('a', 'queued too', { qos: 1 })
    await broker.restart()
    const { metrics } = broker.broker
    expect(metrics).toMatchObject({ owedByRestart: 3, queued: 2, inFlight: 1, unaccounted: 0 })
    const back = MemoryClient.connect(broker, 'reader', { isPersistent: true })
    for (const { packetId } of back.takePublishes()) back.ack(PacketType.PUBACK, packetId!)
    expect(metrics).toMatchObject({ owedByRestart: 3, delivered: 3, queued: 0, inFlight: 0, unaccounted: 0 })
    checkBooks(broker.broker)
  })
})
