// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Ack } from '../../src/codec/ack.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { PINGREQ, type Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Publish } from '../../src/codec/publish.ts'
import type { SubscriptionAck } from '../../src/codec/suback.ts'
import {
  type CallbackOptions,
  type ClientContext,
  type ClientInterceptors,
  type Extension,
  ReasonCode,
} from '../../src/extension-sdk/extension.ts'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const { V3_1, V3_1_1, V5 } = ProtocolVersion

/** The client `c` is intercepted, all others are not. */
function interceptingExtension(interceptors: ClientInterceptors, options?: CallbackOptions): Extension {
  return {
    start({ services }) {
      services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
      services.initializers.setClientInitializer((context) => {
        if (context.client.clientId === 'c') context.intercept(interceptors, options)
      })
    },
  }
}

function start(
  interceptors: ClientInterceptors,
  options?: CallbackOptions,
  settings?: Partial<BrokerSettings>,
): Promise<ExtensionBroker> {
  return ExtensionBroker.start({ e: interceptingExtension(interceptors, options) }, settings)
}

/** Connects, and lets outbound interceptors come through. */
async function connect(broker: ExtensionBroker, id: string, version: ProtocolVersion = V5): Promise<MemoryClient> {
  const client = MemoryClient.open(broker.broker, id, { version, isPersistent: id === 'c' })
  await broker.settle()
  client.takeFirst(PacketType.CONNACK)
  return client
}

async function received(broker: ExtensionBroker, client: MemoryClient): Promise<Packet[]> {
  await broker.settle()
  return client.take()
}

async function subscribe(broker: ExtensionBroker, client: MemoryClient, filter: string, qos: 0 | 1 | 2): Promise<void> {
  client.sendSubscribe([filter], qos)
  await received(broker, client)
}

/** An answer that comes when the test says so. */
class Held<T> {
  readonly asked: unknown[] = []
  readonly #resolves: ((value: T) => void)[] = []

  readonly ask = (event: unknown): Promise<T> => {
    this.asked.push(event)
    return new Promise((resolve) => this.#resolves.push(resolve))
  }

  answer(value: T): void {
    this.#resolves.shift()!(value)
  }
}

function throwing(): never {
  throw new Error('broken')
}

describe('inbound PUBLISH', () => {
  it('is seen as the client sent it, and goes on as it is changed', async () => {
    const seen: unknown[] = []
    await using broker = await start({
      publishInbound({ packet }) {
        seen.push(packet)
        return {
          outcome: 'modify',
          changes: {
            topicName: 'new',
            payload: Buffer.from('changed'),
            retain: true,
            payloadFormatIndicator: 'utf-8',
            messageExpiryInterval: 60,
            contentType: undefined,
            responseTopic: 'r',
            correlationData: Buffer.of(1),
            userProperties: [...packet.userProperties, ['added', 'yes']],
          },
        }
      },
    })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'], 2)
    const client = await connect(broker, 'c')
    const properties = { contentType: 'text', userProperties: [['k', 'v'] as const] }
    client.publish('old', 'payload', { qos: 1, packetId: 7, properties })
    expect(seen).toMatchObject([
      { topicName: 'old', qos: 1, packetId: 7, retain: false, contentType: 'text', userProperties: [['k', 'v']] },
    ])
    expect(client.take()).toMatchObject([{ type: PacketType.PUBACK, packetId: 7, reasonCode: 0 }])
    const [publish] = watcher.takePublishes()
    expect(publish).toMatchObject({ topicName: 'new', qos: 1 })
    expect(textOf(publish!)).toBe('changed')
    expect(publish!.properties).toEqual({
      payloadFormatIndicator: 1,
      messageExpiryInterval: 60,
      responseTopic: 'r',
      correlationData: Buffer.of(1),
      userProperties: [
        ['k', 'v'],
        ['added', 'yes'],
      ],
    })
    watcher.subscribe(['new'])
    expect(watcher.takePublishes().map(textOf)).toEqual(['changed'])
  })

  it.each([
    [0, 2],
    [1, 0],
    [1, 2],
    [2, 0],
    [2, 1],
  ] as const)('with QoS %i is delivered with %i, and acknowledged as it was sent', async (sent, onward) => {
    await using broker = await start({ publishInbound: () => ({ outcome: 'modify', changes: { qos: onward } }) })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['t'], 2)
    const client = await connect(broker, 'c')
    client.publish('t', 'x', { qos: sent, packetId: 1 })
    const ack = sent === 1 ? PacketType.PUBACK : PacketType.PUBREC
    expect(client.take().map(({ type }) => type)).toEqual(sent === 0 ? [] : [ack])
    expect(watcher.takePublishes().map(({ qos }) => qos)).toEqual([onward])
    if (sent === 2) {
      client.ack(PacketType.PUBREL, 1)
      expect(client.take()).toMatchObject([{ type: PacketType.PUBCOMP, reasonCode: 0 }])
    }
  })

  it('with a topic alias is shown with its topic', async () => {
    const topics: string[] = []
    await using broker = await start({ publishInbound: ({ packet }) => void topics.push(packet.topicName) })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const client = await connect(broker, 'c')
    const properties = { topicAlias: 1 }
    client.publish('aliased', '1', { properties })
    client.publish('', '2', { properties })
    expect(topics).toEqual(['aliased', 'aliased'])
    expect(watcher.takePublishes().map(({ topicName, properties: sent }) => [topicName, sent])).toEqual([
      ['aliased', {}],
      ['aliased', {}],
    ])
    client.publish('', '3', { properties: { topicAlias: 2 } })
    expect(client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode).toBe(0x82)
  })

  it('holds only the packets of its client, which stay in order', async () => {
    const held = new Held<undefined>()
    await using broker = await start({ publishInbound: held.ask })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const [client, other] = [await connect(broker, 'c'), await connect(broker, 'other')]
    client.send(client.toPublish('t', '1'), client.toPublish('t', '2'), PINGREQ)
    other.publish('t', 'other')
    expect(watcher.takePublishes().map(textOf)).toEqual(['other'])
    expect(client.take()).toEqual([])
    held.answer(undefined)
    await broker.settle()
    expect(watcher.takePublishes().map(textOf)).toEqual(['1'])
    held.answer(undefined)
    expect(await received(broker, client)).toEqual([{ type: PacketType.PINGRESP }])
    expect(watcher.takePublishes().map(textOf)).toEqual(['2'])
  })

  it.each([
    [V5, ReasonCode.SUCCESS, 0],
    [V5, ReasonCode.QUOTA_EXCEEDED, 0x97],
    [V3_1_1, ReasonCode.SUCCESS, 0],
  ])('that is prevented is acknowledged (version %i, code %i)', async (version, reasonCode, acknowledged) => {
    await using broker = await start({
      publishInbound: () => ({ outcome: 'prevent', reasonCode, reasonString: 'because' }),
    })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const client = await connect(broker, 'c', version)
    client.publish('t', '0')
    client.publish('t', '1', { qos: 1, packetId: 1 })
    client.publish('t', '2', { qos: 2, packetId: 2 })
    const acks = client.take() as Ack[]
    const reason = version === V5 ? { properties: { reasonString: 'because' } } : {}
    expect(acks).toEqual([
      { type: PacketType.PUBACK, packetId: 1, reasonCode: acknowledged, ...reason },
      { type: PacketType.PUBREC, packetId: 2, reasonCode: acknowledged, ...reason },
    ])
    if (acknowledged === 0) {
      client.ack(PacketType.PUBREL, 2)
      expect(client.take()).toMatchObject([{ type: PacketType.PUBCOMP, reasonCode: 0 }])
    }
    expect(watcher.take()).toEqual([])
    expect(broker.broker.broker.metrics.publishesPrevented).toBe(3)
  })

  it('that is prevented with an error ends the connection of an MQTT 3 client', async () => {
    await using broker = await start({
      publishInbound: () => ({ outcome: 'prevent', reasonCode: ReasonCode.NOT_AUTHORIZED }),
    })
    const client = await connect(broker, 'c', V3_1_1)
    client.publish('t', 'x', { qos: 1 })
    expect(client.take()).toEqual([])
    expect(client.transport.isEnded).toBe(true)
  })

  it.each<[string, NonNullable<ClientInterceptors['publishInbound']>]>([
    ['throws', throwing],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['returns nonsense', () => ({ outcome: 'drop' }) as never],
    ['returns no changes', () => ({ outcome: 'modify' }) as never],
    ['names an unknown field', () => ({ outcome: 'modify', changes: { topic: 'x' } as never })],
    ['gives a topic of the server', () => ({ outcome: 'modify', changes: { topicName: '$SYS/x' } })],
    ['gives a wildcard', () => ({ outcome: 'modify', changes: { topicName: '#' } })],
    ['gives a QoS that is switched off', () => ({ outcome: 'modify', changes: { qos: 2 } })],
    ['retains, which is switched off', () => ({ outcome: 'modify', changes: { retain: true } })],
    [
      'says that bytes are text',
      () => ({ outcome: 'modify', changes: { payloadFormatIndicator: 'utf-8', payload: Buffer.of(0xff) } }),
    ],
  ])('is prevented when an interceptor %s, and its client stays', async (_name, publishInbound) => {
    const settings = { maxQos: 1, retainedMessagesEnabled: false } as const
    await using broker = await start({ publishInbound }, {}, settings)
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const client = await connect(broker, 'c')
    client.publish('t', 'x', { qos: 1 })
    expect(await received(broker, client)).toEqual([{ type: PacketType.PUBACK, packetId: 1, reasonCode: 0 }])
    expect(watcher.take()).toEqual([])
    expect(broker.log.warnings).toHaveLength(1)
    expect(broker.log.warnings[0]).toMatch(/^WARN Extension e: publishInbound /)
  })

  it.each([
    ['fail', []],
    ['next', ['late']],
  ] as const)('that takes too long counts as “%s” says', async (onTimeout, delivered) => {
    await using broker = await start({ publishInbound: new Held().ask as never }, { onTimeout, timeoutMs: 500 })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const client = await connect(broker, 'c')
    client.publish('t', 'late', { qos: 1 })
    broker.broker.advance(600)
    expect(watcher.takePublishes().map(textOf)).toEqual(delivered)
    expect(client.take()).toHaveLength(1)
  })

  it('of a client that leaves meanwhile is gone with it', async () => {
    const held = new Held<undefined>()
    await using broker = await start({ publishInbound: held.ask })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const client = await connect(broker, 'c')
    client.publish('t', 'x')
    client.drop()
    held.answer(undefined)
    await broker.settle()
    expect(watcher.take()).toEqual([])
    expect((held.asked[0] as { signal: AbortSignal }).signal.aborted).toBe(true)
  })

  it('goes from one extension to the next by priority, and then to the authorizers', async () => {
    const adding = (letter: string): Extension =>
      interceptingExtension({
        publishInbound: ({ packet }) => ({ outcome: 'modify', changes: { topicName: packet.topicName + letter } }),
      })
    const authorized: string[] = []
    await using broker = await ExtensionBroker.start({
      low: { extension: adding('l'), priority: 1 },
      high: { extension: adding('h'), priority: 2 },
      authorizing: {
        start: ({ services }) =>
          services.security.setAuthorizer({
            authorizePublish({ publish }) {
              authorized.push(publish.topicName)
              return { outcome: 'allow' }
            },
          }),
      },
    })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['#'])
    const client = await connect(broker, 'c')
    client.publish('t', 'x')
    expect(watcher.takePublishes().map(({ topicName }) => topicName)).toEqual(['thl'])
    expect(authorized).toEqual(['thl'])
  })
})

describe('outbound PUBLISH', () => {
  it('leaves as it is changed, for this client alone', async () => {
    await using broker = await start({
      publishOutbound: ({ packet }) => ({
        outcome: 'modify',
        changes: {
          topicName: `for-c/${packet.topicName}`,
          payload: Buffer.from('changed'),
          subscriptionIdentifiers: [5],
          userProperties: [['k', 'v']],
        },
      }),
    })
    const [client, other] = [await connect(broker, 'c'), await connect(broker, 'other')]
    await subscribe(broker, client, 't', 2)
    other.subscribe(['t'], 2)
    for (const qos of [0, 1, 2] as const) other.publish('t', String(qos), { qos, packetId: qos })
    const got = (await received(broker, client)) as Publish[]
    expect(got.map(({ topicName, qos, payload }) => [topicName, qos, Buffer.from(payload).toString()])).toEqual([
      ['for-c/t', 0, 'changed'],
      ['for-c/t', 1, 'changed'],
      ['for-c/t', 2, 'changed'],
    ])
    expect(got[1]!.properties).toEqual({ subscriptionIdentifiers: [5], userProperties: [['k', 'v']] })
    client.ack(PacketType.PUBACK, got[1]!.packetId!)
    client.ack(PacketType.PUBREC, got[2]!.packetId!)
    expect(await received(broker, client)).toMatchObject([{ type: PacketType.PUBREL }])
    const others = other.take().filter(({ type }) => type === PacketType.PUBLISH) as Publish[]
    expect(others.map(textOf)).toEqual(['0', '1', '2'])
  })

  it('that is prevented is done with, frees its place in the window, and counts as dropped', async () => {
    await using broker = await start({
      publishOutbound: ({ packet }) =>
        Buffer.from(packet.payload).toString() < '8' ? { outcome: 'prevent' } : undefined,
    })
    const connectOptions = { isPersistent: true, connect: { properties: { receiveMaximum: 2 } } }
    const client = MemoryClient.open(broker.broker, 'c', connectOptions)
    await received(broker, client)
    await subscribe(broker, client, 't', 2)
    const other = await connect(broker, 'other')
    for (let n = 0; n < 10; n++) other.publish('t', String(n), { qos: (n % 3) as 0 | 1 | 2, packetId: n + 1 })
    const got = [...(await received(broker, client)), ...(await received(broker, client))] as Publish[]
    // QoS 0 does not wait behind others.
    expect(got.map(textOf).toSorted()).toEqual(['8', '9'])
    const { metrics } = broker.broker.broker
    expect(metrics.dropped['Extension prevented onward delivery']).toBe(8)
    expect(metrics.unaccounted).toBe(0)
    client.drop()
    const again = MemoryClient.open(broker.broker, 'c', connectOptions)
    const resent = (await received(broker, again)).filter(({ type }) => type === PacketType.PUBLISH) as Publish[]
    expect(resent.map(textOf)).toEqual(['8'])
  })

  it('that becomes too large for the client is dropped, as any other', async () => {
    await using broker = await start({
      publishOutbound: () => ({ outcome: 'modify', changes: { payload: Buffer.alloc(100) } }),
    })
    const client = MemoryClient.open(broker.broker, 'c', { connect: { properties: { maximumPacketSize: 50 } } })
    await received(broker, client)
    await subscribe(broker, client, 't', 1)
    const other = await connect(broker, 'other')
    other.publish('t', 'x')
    other.publish('t', 'x', { qos: 1 })
    expect(await received(broker, client)).toEqual([])
    const { metrics } = broker.broker.broker
    expect(metrics.dropped['Maximum packet size exceeded']).toBe(2)
    expect(metrics.unaccounted).toBe(0)
  })

  it('that is thought about holds what comes after it, for this client alone', async () => {
    const held = new Held<undefined>()
    await using broker = await start({ publishOutbound: held.ask })
    const [client, other] = [await connect(broker, 'c'), await connect(broker, 'other')]
    await subscribe(broker, client, 't', 1)
    other.subscribe(['t'])
    other.publish('t', '1')
    other.publish('t', '2')
    client.send(PINGREQ)
    expect(await received(broker, client)).toEqual([])
    expect(other.takePublishes()).toHaveLength(2)
    held.answer(undefined)
    expect(((await received(broker, client)) as Publish[]).map(textOf)).toEqual(['1'])
    held.answer(undefined)
    expect((await received(broker, client)).map(({ type }) => type)).toEqual([PacketType.PUBLISH, PacketType.PINGRESP])
  })

  it('to a client for which an extension is slow waits in the queue, not in memory without end', async () => {
    const held = new Held<undefined>()
    await using broker = await start({ publishOutbound: held.ask })
    const [client, other] = [await connect(broker, 'c'), await connect(broker, 'other')]
    await subscribe(broker, client, 't', 1)
    const payload = Buffer.alloc(10_000)
    for (let n = 0; n < 40; n++) other.publish('t', payload, { qos: 1, packetId: n + 1 })
    await broker.settle()
    const session = broker.broker.broker.sessions.get('c')!
    expect(session.queue.length).toBeGreaterThan(20)
    for (let n = 0; n < 40; n++) {
      held.answer(undefined)
      const got = (await received(broker, client)) as Publish[]
      for (const { packetId } of got) client.ack(PacketType.PUBACK, packetId!)
      await broker.settle()
    }
    expect(session.queue.length).toBe(0)
    expect(broker.broker.broker.metrics.delivered).toBe(40)
  })

  it('at QoS 0, and answers, pile up to their caps while an extension hangs', async () => {
    await using broker = await start({ publishOutbound: new Held().ask as never })
    const [client, other] = [await connect(broker, 'c'), await connect(broker, 'other')]
    await subscribe(broker, client, 't', 0)
    const payload = Buffer.alloc(100_000)
    for (let n = 0; n < 100; n++) {
      other.publish('t', payload)
      await broker.settle()
    }
    const { metrics, sessions } = broker.broker.broker
    const { link } = sessions.get('c')!.outlet!
    const mebibytes = link.queuedBytes / 1024 ** 2
    expect(mebibytes).toBeGreaterThan(4.9)
    expect(mebibytes).toBeLessThan(5.2)
    expect(metrics.dropped['The QoS 0 memory limit exceeded']).toBeGreaterThan(40)
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.of(0xc0, 0)))
    let sent = 0
    for (; !client.transport.isReadingPaused && sent < 200; sent++) {
      client.sendBytes(pings)
      await broker.settle()
    }
    expect(link.queuedBytes / 1024 ** 2).toBeLessThan(6.1)
    expect(client.transport.isReadingPaused).toBe(true)
  })

  it.each<[string, NonNullable<ClientInterceptors['publishOutbound']>]>([
    ['throws', throwing],
    ['returns nonsense', () => ({ outcome: 5 }) as never],
    ['changes the QoS', () => ({ outcome: 'modify', changes: { qos: 0 } as never })],
    ['gives an identifier of 0', () => ({ outcome: 'modify', changes: { subscriptionIdentifiers: [0] } })],
  ])('is prevented when an interceptor %s', async (_name, publishOutbound) => {
    await using broker = await start({ publishOutbound })
    const client = await connect(broker, 'c')
    await subscribe(broker, client, 't', 1)
    client.publish('t', 'x', { qos: 1 })
    expect((await received(broker, client)).map(({ type }) => type)).toEqual([PacketType.PUBACK])
    expect(broker.broker.broker.metrics.dropped['Extension prevented onward delivery']).toBe(1)
    expect(broker.log.warnings).toHaveLength(1)
  })

  it('of any length passes, retained messages among them', async () => {
    const lengths: number[] = []
    await using broker = await start({ publishOutbound: ({ packet }) => void lengths.push(packet.payload.length) })
    const other = await connect(broker, 'other')
    const sizes = [0, 1, 1000, 32_000, 40_000, 300_000]
    for (const size of sizes) other.publish(`t/${size}`, Buffer.alloc(size, 1), { retain: true })
    const client = await connect(broker, 'c')
    client.sendSubscribe(['t/#'], 1)
    const [suback, ...publishes] = await received(broker, client)
    expect(suback!.type).toBe(PacketType.SUBACK)
    const nonEmpty = sizes.slice(1)
    expect(publishes.map((publish) => (publish as Publish).payload.length)).toEqual(nonEmpty)
    expect(lengths).toEqual(nonEmpty)
  })
})

describe('SUBSCRIBE and UNSUBSCRIBE', () => {
  it('are changed, and so are their answers', async () => {
    const seen: unknown[] = []
    await using broker = await start({
      subscribeInbound({ packet }) {
        seen.push(packet)
        const subscriptions = packet.subscriptions.map((one) => ({ ...one, topicFilter: `x/${one.topicFilter}` }))
        return { outcome: 'modify', changes: { subscriptions } }
      },
      subackOutbound({ packet }) {
        seen.push(packet)
        return {
          outcome: 'modify',
          changes: { reasonCodes: [ReasonCode.GRANTED_QOS_0], reasonString: 'less', userProperties: [['k', 'v']] },
        }
      },
      unsubscribeInbound: ({ packet }) => ({
        outcome: 'modify',
        changes: { topicFilters: packet.topicFilters.map((filter) => `x/${filter}`) },
      }),
      unsubackOutbound: () => ({ outcome: 'modify', changes: { reasonString: 'bye' } }),
    })
    const client = await connect(broker, 'c')
    client.sendSubscribe(['a'], 1, 9)
    expect(await received(broker, client)).toEqual([
      {
        type: PacketType.SUBACK,
        packetId: 9,
        reasonCodes: [0],
        properties: { reasonString: 'less', userProperties: [['k', 'v']] },
      },
    ])
    expect(seen).toMatchObject([
      { packetId: 9, subscriptions: [{ topicFilter: 'a', qos: 1 }] },
      { packetId: 9, reasonCodes: [1], reasonString: undefined },
    ])
    const session = broker.broker.broker.sessions.get('c')!
    expect([...session.subscriptions.keys()]).toEqual(['x/a'])
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ['a'] })
    expect(await received(broker, client)).toMatchObject([
      { type: PacketType.UNSUBACK, reasonCodes: [0], properties: { reasonString: 'bye' } },
    ])
    expect(session.subscriptions.size).toBe(0)
  })

  it.each<[string, NonNullable<ClientInterceptors['subscribeInbound']>]>([
    ['throws', throwing],
    ['gives fewer', () => ({ outcome: 'modify', changes: { subscriptions: [] } })],
    [
      'gives a filter that is none',
      () => ({ outcome: 'modify', changes: { subscriptions: [{ topicFilter: 'a/#/b', qos: 0 } as never] } }),
    ],
    ['wants to prevent it', () => ({ outcome: 'prevent' }) as never],
  ])('are refused as a whole when an interceptor %s', async (_name, subscribeInbound) => {
    await using broker = await start({ subscribeInbound, unsubscribeInbound: throwing })
    for (const version of [V5, V3_1_1]) {
      const client = await connect(broker, 'c', version)
      client.sendSubscribe(['a'])
      expect(client.takeFirst<SubscriptionAck>(PacketType.SUBACK).reasonCodes).toEqual([0x80])
      client.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ['a'] })
      const unsuback = client.takeFirst<SubscriptionAck>(PacketType.UNSUBACK)
      expect(unsuback.reasonCodes).toEqual(version === V5 ? [0x80] : [])
    }
    const old = await connect(broker, 'c', V3_1)
    old.sendSubscribe(['a'])
    expect(old.take()).toEqual([])
    expect(old.transport.isEnded).toBe(true)
  })

  it('answers stay what they are when an interceptor makes of an error none', async () => {
    await using broker = await start({
      subackOutbound: () => ({ outcome: 'modify', changes: { reasonCodes: [ReasonCode.GRANTED_QOS_0] } }),
      subscribeInbound: throwing,
    })
    const client = await connect(broker, 'c')
    client.sendSubscribe(['a'])
    expect(await received(broker, client)).toMatchObject([{ type: PacketType.SUBACK, reasonCodes: [0x80] }])
  })
})

describe('acknowledgements', () => {
  it('of both directions are seen and changed', async () => {
    const seen: string[] = []
    const noting =
      (name: string) =>
      ({ packet }: { packet: { packetId: number } }): { outcome: 'modify'; changes: object } => {
        seen.push(`${name} ${packet.packetId}`)
        return { outcome: 'modify', changes: { reasonString: name } }
      }
    await using broker = await start({
      pubackInbound: noting('puback in'),
      pubackOutbound: noting('puback out'),
      pubrecInbound: noting('pubrec in'),
      pubrecOutbound: noting('pubrec out'),
      pubrelInbound: noting('pubrel in'),
      pubrelOutbound: noting('pubrel out'),
      pubcompInbound: noting('pubcomp in'),
      pubcompOutbound: noting('pubcomp out'),
    })
    const client = await connect(broker, 'c')
    const other = await connect(broker, 'other')
    client.publish('t', '1', { qos: 1, packetId: 11 })
    client.publish('t', '2', { qos: 2, packetId: 12 })
    client.ack(PacketType.PUBREL, 12)
    const words = (await received(broker, client)) as Ack[]
    expect(words.map(({ properties }) => properties?.reasonString)).toEqual(['puback out', 'pubrec out', 'pubcomp out'])
    await subscribe(broker, client, 't', 2)
    other.publish('t', '1', { qos: 1, packetId: 1 })
    other.publish('t', '2', { qos: 2, packetId: 2 })
    const [one, two] = (await received(broker, client)) as Publish[]
    client.ack(PacketType.PUBACK, one!.packetId!)
    client.ack(PacketType.PUBREC, two!.packetId!)
    expect(await received(broker, client)).toMatchObject([{ properties: { reasonString: 'pubrel out' } }])
    client.ack(PacketType.PUBCOMP, two!.packetId!)
    await broker.settle()
    expect(seen).toEqual([
      'pubrel in 12',
      'puback out 11',
      'pubrec out 12',
      'pubcomp out 12',
      `puback in ${one!.packetId}`,
      `pubrec in ${two!.packetId}`,
      `pubrel out ${two!.packetId}`,
      `pubcomp in ${two!.packetId}`,
    ])
    expect(broker.broker.broker.metrics.delivered).toBe(2)
  })

  it('keep their outcome, and say nothing to clients that do not want to hear of problems', async () => {
    const codes: ReasonCode[] = [ReasonCode.NO_MATCHING_SUBSCRIBERS, ReasonCode.QUOTA_EXCEEDED]
    await using broker = await start({
      pubackOutbound: () => ({ outcome: 'modify', changes: { reasonCode: codes.shift()!, reasonString: 'words' } }),
    })
    const connectOptions = { connect: { properties: { requestProblemInformation: 0 } } }
    const client = MemoryClient.open(broker.broker, 'c', connectOptions)
    await received(broker, client)
    client.publish('t', '1', { qos: 1 })
    expect(await received(broker, client)).toEqual([{ type: PacketType.PUBACK, packetId: 1, reasonCode: 0x10 }])
    client.publish('t', '1', { qos: 1 })
    expect(await received(broker, client)).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x10 }])
    expect(broker.log.warnings[0]).toContain('reasonCode: found 151, expected a success or an error, as it was')
  })
})

describe('DISCONNECT and PINGREQ', () => {
  it('inbound: what the client says can be changed', async () => {
    await using broker = await start({
      disconnectInbound: () => ({
        outcome: 'modify',
        changes: { reasonCode: ReasonCode.DISCONNECT_WITH_WILL_MESSAGE, sessionExpiryInterval: 5 },
      }),
    })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['w'])
    const will = { topicName: 'w', payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} } as const
    const client = MemoryClient.connect(broker.broker, 'c', { isPersistent: true, connect: { will } })
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    expect(watcher.takePublishes().map(textOf)).toEqual(['gone'])
    expect(broker.broker.broker.sessions.get('c')!.expiryIntervalSec).toBe(5)
  })

  it('inbound: a client that closes while it is thought about has left all the same', async () => {
    const held = new Held<undefined>()
    await using broker = await start({ disconnectInbound: held.ask })
    const watcher = await connect(broker, 'watcher')
    watcher.subscribe(['w'])
    const will = { topicName: 'w', payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} } as const
    const client = MemoryClient.connect(broker.broker, 'c', { connect: { will } })
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    client.drop()
    held.answer(undefined)
    await broker.settle()
    expect(watcher.take()).toEqual([])
  })

  it('inbound: a session that was to end with its connection is not prolonged', async () => {
    await using broker = await start({
      disconnectInbound: () => ({ outcome: 'modify', changes: { sessionExpiryInterval: 60 } }),
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    expect(broker.broker.broker.sessions.get('c')).toBeUndefined()
    expect(broker.log.warnings[0]).toContain('expected 0, as in CONNECT')
  })

  it('outbound: is changed before the connection is closed, which waits for it, but not for long', async () => {
    const held = new Held<unknown>()
    await using broker = await start({ disconnectOutbound: held.ask as never })
    const client = await connect(broker, 'c')
    client.sendBytes(Buffer.of(0x00, 0x00))
    expect(await received(broker, client)).toEqual([])
    expect(client.transport.isEnded).toBe(false)
    const changes = { reasonCode: ReasonCode.USE_ANOTHER_SERVER, serverReference: 'there', reasonString: undefined }
    held.answer({ outcome: 'modify', changes })
    expect(await received(broker, client)).toEqual([
      { type: PacketType.DISCONNECT, reasonCode: 0x9c, properties: { serverReference: 'there' } },
    ])
    expect(client.transport.isEnded).toBe(true)
    const other = await connect(broker, 'c')
    other.sendBytes(Buffer.of(0x00, 0x00))
    await broker.settle()
    broker.broker.advance(2_100)
    expect(other.transport.isClosed).toBe(true)
  })

  it('PINGREQ and PINGRESP are told of', async () => {
    const told: string[] = []
    await using broker = await start({
      pingReqInbound: ({ client }) => void told.push(`ping ${client.clientId}`),
      pingRespOutbound: () => void told.push('pong'),
    })
    const client = await connect(broker, 'c')
    client.send(PINGREQ)
    expect(await received(broker, client)).toEqual([{ type: PacketType.PINGRESP }])
    expect(told).toEqual(['ping c', 'pong'])
  })

  it('those that fail are not missed', async () => {
    const failing: ClientInterceptors = {
      pingReqInbound: throwing,
      pingRespOutbound: throwing,
      pubackOutbound: throwing,
      disconnectOutbound: () => 5 as never,
    }
    await using broker = await start(failing)
    const client = await connect(broker, 'c')
    client.send(PINGREQ)
    client.publish('t', 'x', { qos: 1 })
    client.sendBytes(Buffer.of(0x00, 0x00))
    expect((await received(broker, client)).map(({ type }) => type)).toEqual([
      PacketType.PINGRESP,
      PacketType.PUBACK,
      PacketType.DISCONNECT,
    ])
    expect(broker.log.warnings).toHaveLength(4)
  })
})

describe('interceptors', () => {
  it('come and go while the client is there; the same ones count once', async () => {
    let context!: ClientContext
    await using broker = await ExtensionBroker.start({
      e: {
        start({ services }) {
          services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
          services.initializers.setClientInitializer((given) => {
            context = given
          })
        },
      },
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    let pings = 0
    const counting: ClientInterceptors = { pingReqInbound: () => void pings++, pingRespOutbound: () => void pings++ }
    const added = [context.intercept(counting), context.intercept(counting)]
    client.send(PINGREQ)
    await received(broker, client)
    expect(pings).toBe(2)
    added[1]![Symbol.dispose]()
    client.send(PINGREQ)
    expect(await received(broker, client)).toHaveLength(1)
    expect(pings).toBe(2)
    expect(() => context.intercept({})).toThrow(TypeError)
    expect(() => context.intercept((() => counting) as never)).toThrow(TypeError)
    expect(() => context.intercept(counting, { timeoutMs: 0 })).toThrow(TypeError)
  })

  it('of an extension that has stopped are asked no more', async () => {
    let pings = 0
    await using broker = await start({ pingReqInbound: () => void pings++ })
    const client = await connect(broker, 'c')
    await broker.host.stop()
    client.send(PINGREQ)
    expect(await received(broker, client)).toHaveLength(1)
    expect(pings).toBe(0)
  })
})
