// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { MemoryTransport } from '../support/memory-transport.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const SECOND = 1_000
/** The broker looks at its timers every 25 ms. */
const TICK_MS = 25

async function start(settings: Partial<BrokerSettings>): Promise<{ broker: MemoryBroker; subscriber: MemoryClient }> {
  const broker = await MemoryBroker.start({ settings })
  // It has another listener, and sends nothing but its SUBSCRIBE.
  const subscriber = MemoryClient.connect(broker, 'subscriber', { transport: new MemoryTransport('other') })
  subscriber.subscribe(['#'])
  broker.advance(10 * SECOND)
  return { broker, subscriber }
}

/** So many messages of 100 bytes, one after the other. */
function messages(client: MemoryClient, count: number, name = ''): Buffer {
  const packets = Array.from({ length: count }, (_, i) =>
    client.toPublish('t', `${name}${i} `.padEnd(100 - 5 - (client.version === ProtocolVersion.V5 ? 1 : 0))),
  )
  return Buffer.concat(packets.map((packet) => encodePacket(packet, client.version)))
}

/** How many arrive in each second. */
function arrivals(broker: MemoryBroker, subscriber: MemoryClient, seconds: number): number[] {
  return Array.from({ length: seconds }, () => {
    broker.advance(SECOND)
    return subscriber.takePublishes().length
  })
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('a client with a limit of messages has as many handled, in their order, and the rest later', async () => {
    const { broker, subscriber } = await start({ clientMessagesPerSecond: 10, throttlingBurst: 2 })
    const client = MemoryClient.connect(broker, 'client', { version })
    client.sendBytes(messages(client, 100))
    // What comes at once is the burst, and one that is owed.
    const first = subscriber.takePublishes()
    expect(first).toHaveLength(21)
    const rest: string[] = []
    for (let second = 0; second < 9; second++) {
      broker.advance(SECOND)
      const arrived = subscriber.takePublishes().map((publish) => textOf(publish).split(' ')[0]!)
      if (second < 7) expect(arrived).toHaveLength(10)
      rest.push(...arrived)
    }
    expect(rest).toEqual(Array.from({ length: 79 }, (_, i) => String(i + 21)))
    expect(broker.broker.metrics.throttledClients).toBeGreaterThan(0)
  })

  it('a client that connects above the rate of its listener is refused with 0x9F, before MQTT 5 with 3', async () => {
    const { broker } = await start({ listenerConnectsPerSecond: 2 })
    const codes = (): number[] =>
      Array.from({ length: 4 }, (_, i) => {
        const client = MemoryClient.open(broker, `client ${i}`, { version })
        const { reasonCode } = client.takeFirst(PacketType.CONNACK) as { reasonCode: number }
        expect(client.transport.isEnded).toBe(reasonCode !== 0)
        return reasonCode
      })
    const refused = version === ProtocolVersion.V5 ? 0x9f : 3
    expect(codes()).toEqual([0, 0, refused, refused])
    expect(broker.broker.metrics.connectsAboveRate).toBe(2)
    broker.advance(500)
    expect(codes()).toEqual([0, refused, refused, refused])
    // Other listeners are not concerned.
    MemoryClient.connect(broker, 'elsewhere', { version, transport: new MemoryTransport('elsewhere') })
  })
})

it('by default nothing is limited, and there is nothing to ask', async () => {
  const { broker } = await start({})
  MemoryClient.connect(broker, 'client')
  for (const connection of broker.broker.connections) expect(connection.input.throttle).toBeNull()
})

describe('bytes', () => {
  it('a client with a limit is read no faster, others are not held up', async () => {
    const { broker, subscriber } = await start({ clientBytesPerSecond: 1_000 })
    const [limited, other] = [MemoryClient.connect(broker, 'limited'), MemoryClient.connect(broker, 'other')]
    broker.advance(10 * SECOND)
    for (let i = 0; i < 10; i++) limited.sendBytes(messages(limited, 5))
    expect(subscriber.takePublishes()).toHaveLength(15)
    expect(limited.transport.isReadingPaused).toBe(true)
    other.sendBytes(messages(other, 5))
    expect(subscriber.takePublishes()).toHaveLength(5)
    expect(arrivals(broker, subscriber, 4)).toEqual([10, 10, 10, 5])
  })

  it('restrictions/incoming-bandwidth-throttling is for all clients together, and each gets its part', async () => {
    const { broker, subscriber } = await start({ incomingBandwidthThrottling: 10_000 })
    const clients = ['a', 'b', 'c', 'd'].map((clientId) => MemoryClient.connect(broker, clientId))
    broker.advance(10 * SECOND)
    for (let i = 0; i < 20; i++) {
      for (const [index, client] of clients.entries()) client.sendBytes(messages(client, 10, 'abcd'[index]))
    }
    const arrived = subscriber.takePublishes().map(textOf)
    const perSecond: number[] = []
    while (arrived.length < 800) {
      broker.advance(SECOND)
      const publishes = subscriber.takePublishes()
      perSecond.push(publishes.length)
      arrived.push(...publishes.map(textOf))
      expect(perSecond.length).toBeLessThan(20)
    }
    // 80 000 bytes, of which the first 10 000 may come at once.
    expect(perSecond.length).toBeGreaterThanOrEqual(6)
    for (const count of perSecond.slice(0, -2)) expect(count).toBeGreaterThan(80)
    for (const count of perSecond) expect(count).toBeLessThan(130)
    const half = arrived.slice(0, 400)
    for (const name of 'abcd') expect(half.filter((text) => text.startsWith(name)).length).toBeGreaterThan(50)
    expect(broker.broker.metrics.throttledByBandwidth).toBeGreaterThan(0)
  })

  it('a listener has its limit for all of its clients', async () => {
    const { broker, subscriber } = await start({ listenerBytesPerSecond: 1_000 })
    const connect = (clientId: string, listener: string): MemoryClient =>
      MemoryClient.connect(broker, clientId, { transport: new MemoryTransport(listener) })
    const [a, b, elsewhere] = [connect('a', 'one'), connect('b', 'one'), connect('c', 'two')]
    broker.advance(10 * SECOND)
    a.sendBytes(messages(a, 10))
    b.sendBytes(messages(b, 10))
    elsewhere.sendBytes(messages(elsewhere, 10))
    expect(subscriber.takePublishes()).toHaveLength(30)
    // Owed by both: whoever comes next on this listener waits for that.
    a.sendBytes(messages(a, 1))
    expect(subscriber.takePublishes()).toHaveLength(1)
    expect([a, b, elsewhere].map(({ transport }) => transport.isReadingPaused)).toEqual([true, true, false])
    expect(broker.broker.metrics.throttledListeners).toBe(2)
  })
})

describe('messages', () => {
  it('of all clients of a listener are limited together', async () => {
    const { broker, subscriber } = await start({ listenerMessagesPerSecond: 20 })
    const clients = ['a', 'b'].map((clientId) => MemoryClient.connect(broker, clientId))
    for (const client of clients) client.sendBytes(messages(client, 50))
    const arrived = subscriber.takePublishes().length
    const perSecond = arrivals(broker, subscriber, 5)
    expect(arrived + perSecond.reduce((sum, count) => sum + count, 0)).toBe(100)
    for (const count of perSecond.slice(0, 3)) expect(Math.abs(count - 20)).toBeLessThanOrEqual(2)
  })

  it('that are held back are acknowledged when they are handled', async () => {
    const { broker } = await start({ clientMessagesPerSecond: 1 })
    const client = MemoryClient.connect(broker, 'client')
    client.send(...[1, 2, 3].map((packetId) => client.toPublish('t', 'm', { qos: 1, packetId })))
    const acknowledged = (): number[] => client.take().map((packet) => (packet as { packetId: number }).packetId)
    expect(acknowledged()).toEqual([1, 2])
    broker.advance(SECOND + TICK_MS)
    expect(acknowledged()).toEqual([3])
  })
})

describe('with the mode count', () => {
  it('nothing is held back or refused, but counted', async () => {
    const { broker, subscriber } = await start({
      throttlingMode: 'count',
      clientMessagesPerSecond: 10,
      listenerMessagesPerSecond: 20,
      listenerConnectsPerSecond: 1,
    })
    const clients = ['a', 'b'].map((clientId) => MemoryClient.connect(broker, clientId))
    for (const client of clients) client.sendBytes(messages(client, 30))
    expect(subscriber.takePublishes()).toHaveLength(60)
    const { metrics } = broker.broker
    expect([metrics.throttledClients, metrics.throttledListeners, metrics.connectsAboveRate]).toEqual([40, 40, 1])
  })

  it('the bandwidth of all clients is limited all the same: HiveMQ has no mode for it', async () => {
    const { broker } = await start({ throttlingMode: 'count', incomingBandwidthThrottling: 1_000 })
    const client = MemoryClient.connect(broker, 'client')
    client.sendBytes(messages(client, 50))
    expect(client.transport.isReadingPaused).toBe(true)
  })
})

describe('a client that is held back', () => {
  it('is not taken for idle', async () => {
    const { broker, subscriber } = await start({ clientBytesPerSecond: 100 })
    const client = MemoryClient.connect(broker, 'client', { connect: { keepAliveSec: 2 } })
    client.sendBytes(messages(client, 20))
    client.sendBytes(messages(client, 1))
    expect(subscriber.takePublishes()).toHaveLength(20)
    for (let second = 0; second < 15; second++) {
      broker.advance(SECOND)
      client.send({ type: PacketType.PINGREQ })
    }
    expect(client.transport.isEnded).toBe(false)
    broker.advance(10 * SECOND)
    // Now it is idle.
    expect(subscriber.takePublishes()).toHaveLength(1)
    expect(client.transport.isEnded).toBe(true)
  })

  it('can be taken over, and leaves no timer behind', async () => {
    const { broker } = await start({ clientBytesPerSecond: 100 })
    const timers = broker.broker.wheel.size
    const client = MemoryClient.connect(broker, 'client')
    client.sendBytes(messages(client, 20))
    const next = MemoryClient.connect(broker, 'client')
    expect(client.takeFirst(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x8e })
    // The end of its side has to be seen.
    expect(client.transport.isReadingPaused).toBe(false)
    client.drop()
    next.drop()
    expect(broker.broker.wheel.size).toBe(timers)
  })

  it('still gets what it has subscribed to', async () => {
    const { broker } = await start({ clientBytesPerSecond: 100 })
    const client = MemoryClient.connect(broker, 'client')
    client.subscribe(['for/client'])
    client.sendBytes(messages(client, 20))
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('for/client', 'm')
    expect(client.takePublishes().map(textOf)).toEqual(['m'])
  })

  it('sends one message after the other from a long chunk without a copy of the rest each time', async () => {
    const { broker, subscriber } = await start({ clientMessagesPerSecond: 1_000, throttlingBurst: 1 })
    const client = MemoryClient.connect(broker, 'client')
    const chunk = messages(client, 20_000)
    client.sendBytes(chunk)
    const startedAt = performance.now()
    let arrived = subscriber.takePublishes().length
    for (let second = 0; second < 20; second++) {
      broker.advance(SECOND)
      arrived += subscriber.takePublishes().length
    }
    expect(arrived).toBe(20_000)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
