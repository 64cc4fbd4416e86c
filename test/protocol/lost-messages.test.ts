// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Publish } from '../../src/codec/publish.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { MemoryBroker, type MemoryBrokerOptions } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { denyingAuthorizer } from '../support/script/denying-authorizer.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const ALL_ON = {
  deadMessagesTopicEnabled: true,
  expiredMessagesTopicEnabled: true,
  droppedMessagesTopicEnabled: true,
} as const
const ALL_FILTERS = ['$dead/#', '$expired/#', '$dropped/#']
/** Copies are published in a turn of their own. */
const TURN_MS = 25
/** Queues are searched for expired messages this often. */
const SWEEP_MS = 4_000

function start(settings: MemoryBrokerOptions['settings'] = {}, more: MemoryBrokerOptions = {}): Promise<MemoryBroker> {
  return MemoryBroker.start({ settings: { ...ALL_ON, ...settings }, ...more })
}

function watch(
  broker: MemoryBroker,
  filters: readonly string[] = ALL_FILTERS,
  version: ProtocolVersion = ProtocolVersion.V5,
): Watcher {
  const client = MemoryClient.connect(broker, 'watcher', { version })
  client.subscribe(filters, 2)
  return new Watcher(broker, client)
}

class Watcher {
  readonly client: MemoryClient
  readonly #broker: MemoryBroker

  constructor(broker: MemoryBroker, client: MemoryClient) {
    this.#broker = broker
    this.client = client
  }

  /** What has come for it, acknowledged. */
  take(): Publish[] {
    const taken: Publish[] = []
    for (let isDone = false; !isDone;) {
      this.#broker.advance(TURN_MS)
      const packets = this.client.take()
      isDone = packets.length === 0
      for (const packet of packets) {
        if (packet.type === PacketType.PUBREL) this.client.ack(PacketType.PUBCOMP, packet.packetId)
        if (packet.type !== PacketType.PUBLISH) continue
        taken.push(packet)
        if (packet.qos > 0) this.client.ack(packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packet.packetId!)
      }
    }
    return taken
  }

  takeTexts(): string[] {
    return this.take().map((publish) => `${publish.topicName} ${textOf(publish)}`)
  }
}

/** A session without a connection. */
function absent(
  broker: MemoryBroker,
  clientId: string,
  filter: string,
  version: ProtocolVersion = ProtocolVersion.V5,
): void {
  const client = MemoryClient.connect(broker, clientId, { version, isPersistent: true })
  client.subscribe([filter], 1)
  client.drop()
}

function notesOf({ properties }: Publish): Record<string, string> {
  return Object.fromEntries(properties?.userProperties ?? [])
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  const isVersion5 = version === ProtocolVersion.V5

  it('a message for whose topic there is no subscription comes under $dead/ at its own QoS', async () => {
    const broker = await start()
    const watcher = watch(broker, ALL_FILTERS, version)
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    publisher.publish('a/b', 'zero')
    publisher.publish('a/b', 'one', { qos: 1 })
    expect(publisher.takeFirst(PacketType.PUBACK)).toMatchObject({ reasonCode: isVersion5 ? 0x10 : 0 })
    publisher.publish('a/b', 'two', { qos: 2, packetId: 2 })
    const copies = watcher.take()
    expect(copies.map(({ topicName, qos, retain }) => [topicName, qos, retain])).toEqual([
      ['$dead/a/b', 0, false],
      ['$dead/a/b', 1, false],
      ['$dead/a/b', 2, false],
    ])
    expect(copies.map(textOf)).toEqual(['zero', 'one', 'two'])
    // At most the QoS that the watcher asked for.
    watcher.client.subscribe(['$dead/#'], 1)
    publisher.publish('a/b', 'two', { qos: 2, packetId: 3 })
    expect(watcher.take().map(({ qos }) => qos)).toEqual([1])
  })

  it('a message whose expiry passes while its client is away comes under $expired/ soon after', async () => {
    const broker = await start({ messageExpiryMaxInterval: 10 })
    const watcher = watch(broker, ALL_FILTERS, version)
    absent(broker, 'away', 't', version)
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    publisher.publish('t', 'm', { qos: 1 })
    broker.advance(9_000)
    expect(watcher.takeTexts()).toEqual([])
    broker.advance(1_000 + SWEEP_MS)
    expect(watcher.takeTexts()).toEqual(['$expired/t m'])
    const back = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
    expect(back.take()).toEqual([])
    expect(watcher.takeTexts()).toEqual([])
  })

  it.each([{ queuedMessagesStrategy: 'discard' }, { queuedMessagesStrategy: 'discard-oldest' }] as const)(
    'a message that a full queue gives up comes under $dropped/ ($queuedMessagesStrategy)',
    async (strategy) => {
      const broker = await start({ maxQueueSize: 2, ...strategy })
      const watcher = watch(broker, ALL_FILTERS, version)
      absent(broker, 'away', 't', version)
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      for (let i = 1; i <= 3; i++) publisher.publish('t', String(i), { qos: 1 })
      const lost = strategy.queuedMessagesStrategy === 'discard' ? '3' : '1'
      expect(watcher.takeTexts()).toEqual([`$dropped/t ${lost}`])
    },
  )

  it('QoS 0 that a slow client cannot take comes under $dropped/', async () => {
    const broker = await start()
    const watcher = watch(broker, ALL_FILTERS, version)
    const slow = MemoryClient.connect(broker, 'slow', { version })
    slow.subscribe(['t'])
    slow.transport.isBlocked = true
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const payload = Buffer.alloc(1024 * 1024)
    for (let i = 0; i < 8; i++) publisher.publish('t', payload)
    const dropped = broker.broker.metrics.dropped[DropReason.QOS_0_MEMORY_EXCEEDED]
    expect(dropped).toBeGreaterThan(0)
    const copies = watcher.take()
    expect(copies).toHaveLength(dropped)
    expect(copies.every((copy) => copy.topicName === '$dropped/t' && payload.equals(copy.payload))).toBe(true)
  })

  it('nobody may publish there but the broker', async () => {
    for (const topicName of ['$dead/a', '$expired/a', '$dropped/a', '$dead/$expired/a']) {
      const broker = await start()
      const watcher = watch(broker, ALL_FILTERS, version)
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      publisher.publish(topicName, 'forged', { qos: 1 })
      expect(publisher.transport.isEnded).toBe(true)
      expect(watcher.take()).toEqual([])
    }
  })
})

describe('by default', () => {
  it('nothing is redirected', async () => {
    const broker = await MemoryBroker.start({ settings: { maxQueueSize: 1 } })
    const watcher = watch(broker)
    absent(broker, 'away', 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('nobody', 'm')
    for (let i = 0; i < 3; i++)
      publisher.publish('t', 'm', { qos: 1, properties: { messageExpiryInterval: 1 }, packetId: i + 1 })
    broker.advance(10_000)
    MemoryClient.connect(broker, 'away', { isPersistent: true })
    expect(watcher.take()).toEqual([])
  })

  it('each topic is switched on for itself', async () => {
    const broker = await MemoryBroker.start({ settings: { maxQueueSize: 1, droppedMessagesTopicEnabled: true } })
    const watcher = watch(broker)
    absent(broker, 'away', 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('nobody', 'm')
    for (let i = 1; i <= 2; i++)
      publisher.publish('t', String(i), { qos: 1, properties: { messageExpiryInterval: 1 }, packetId: i })
    broker.advance(10_000)
    MemoryClient.connect(broker, 'away', { isPersistent: true })
    expect(watcher.takeTexts()).toEqual(['$dropped/t 2'])
  })
})

describe('a copy', () => {
  it('has the properties that its publisher set, and says when, why and for whom it was lost', async () => {
    const broker = await start({ maxQueueSize: 1 })
    const watcher = watch(broker, ['$dropped/#'])
    absent(broker, 'away', 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t', 'kept', { qos: 1 })
    publisher.publish('t', 'lost', {
      qos: 1,
      packetId: 2,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 60,
        topicAlias: 1,
        contentType: 'text/plain',
        responseTopic: 'r',
        correlationData: Buffer.of(1, 2, 3),
        userProperties: [['own', 'value']],
      },
    })
    const [copy] = watcher.take()
    expect(copy!.properties).toEqual({
      payloadFormatIndicator: 1,
      contentType: 'text/plain',
      responseTopic: 'r',
      correlationData: Buffer.of(1, 2, 3),
      userProperties: [
        ['own', 'value'],
        ['reason', 'The client message queue is full'],
        ['client-id', 'away'],
        ['timestamp', '2026-01-01T00:00:00.000Z'],
      ],
    })
  })

  it('of a dead message says only when', async () => {
    const broker = await start()
    const watcher = watch(broker)
    MemoryClient.connect(broker, 'publisher').publish('t', 'm', { properties: { userProperties: [['a', 'b']] } })
    expect(watcher.take()[0]!.properties).toEqual({
      userProperties: [
        ['a', 'b'],
        ['timestamp', '2026-01-01T00:00:00.000Z'],
      ],
    })
  })

  it('names the shared group that has lost it', async () => {
    const broker = await start({ maxQueueSize: 1 })
    const watcher = watch(broker)
    absent(broker, 'member', '$share/g/t')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t', 'expires', { qos: 1, properties: { messageExpiryInterval: 5 } })
    publisher.publish('t', 'dropped', { qos: 1, packetId: 2 })
    broker.advance(5_000 + SWEEP_MS)
    const copies = watcher.take()
    expect(copies.map((copy) => [copy.topicName, textOf(copy), notesOf(copy)])).toEqual([
      [
        '$dropped/t',
        'dropped',
        {
          reason: 'The shared subscription message queue is full',
          'share-group': '$share/g/t',
          timestamp: expect.any(String) as string,
        },
      ],
      [
        '$expired/t',
        'expires',
        {
          reason: 'The message expiry interval has passed',
          'share-group': '$share/g/t',
          timestamp: expect.any(String) as string,
        },
      ],
    ])
  })

  it('is made once for each client that has lost the message', async () => {
    const broker = await start({ maxQueueSize: 1 })
    const watcher = watch(broker)
    for (const clientId of ['a', 'b', 'c']) absent(broker, clientId, 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    for (let i = 1; i <= 2; i++) publisher.publish('t', String(i), { qos: 1, packetId: i })
    expect(watcher.take().map((copy) => notesOf(copy)['client-id'])).toEqual(['a', 'b', 'c'])
  })

  it('is made for what a client does not take for its size, queued or not', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const small = MemoryClient.connect(broker, 'small', { connect: { properties: { maximumPacketSize: 100 } } })
    small.subscribe(['t'], 1)
    absent(broker, 'away', 'queued')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t', Buffer.alloc(200), { qos: 0 })
    publisher.publish('t', Buffer.alloc(200), { qos: 1 })
    publisher.publish('queued', Buffer.alloc(200), { qos: 1, packetId: 2 })
    const connect = { properties: { maximumPacketSize: 100 } }
    MemoryClient.connect(broker, 'away', { isPersistent: true, connect })
    expect(watcher.take().map((copy) => [copy.topicName, notesOf(copy)['reason'], notesOf(copy)['client-id']])).toEqual(
      [
        ['$dropped/t', 'Maximum packet size exceeded', 'small'],
        ['$dropped/t', 'Maximum packet size exceeded', 'small'],
        ['$dropped/queued', 'Maximum packet size exceeded', 'away'],
      ],
    )
  })
})

describe('$dead', () => {
  it('is for messages that nobody has subscribed to: not those for absent clients, nor retained ones', async () => {
    const broker = await start()
    const watcher = watch(broker)
    absent(broker, 'away', 'a/#')
    absent(broker, 'member', '$share/g/b')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('a/x', 'm', { qos: 1 })
    publisher.publish('b', 'm')
    publisher.publish('c', 'm', { retain: true })
    publisher.publish('c', '', { retain: true })
    expect(watcher.take()).toEqual([])
    publisher.publish('c', 'm')
    expect(watcher.takeTexts()).toEqual(['$dead/c m'])
  })

  it('gets wills too', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const properties = { contentType: 'text/plain' }
    const will = { topicName: 'will', payload: Buffer.from('gone'), qos: 1, retain: false, properties } as const
    MemoryClient.connect(broker, 'client', { connect: { will } }).drop()
    expect(watcher.takeTexts()).toEqual(['$dead/will gone'])
  })

  it('comes to explicit subscriptions only, as long as they are there', async () => {
    const broker = await start()
    const publisher = MemoryClient.connect(broker, 'publisher')
    const wild = watch(broker, ['+/a/b', '+/+/+/x', '$dead/other', '$SYS/#'])
    publisher.publish('a/b', 'm')
    expect(wild.take()).toEqual([])
    wild.client.subscribe(['$dead/+/b'])
    publisher.publish('a/b', 'm')
    publisher.publish('a/c', 'm')
    expect(wild.takeTexts()).toEqual(['$dead/a/b m'])
    wild.client.unsubscribe(['$dead/+/b'])
    publisher.publish('a/b', 'm')
    expect(wild.take()).toEqual([])
    expect(broker.broker.lost.isDeadWatched).toBe(true)
    wild.client.drop()
    expect(broker.broker.lost.isDeadWatched).toBe(false)
  })

  it('can be shared', async () => {
    const broker = await start()
    const watcher = watch(broker, ['$share/g/$dead/#'])
    MemoryClient.connect(broker, 'publisher').publish('t', 'm')
    expect(watcher.takeTexts()).toEqual(['$dead/t m'])
  })

  it('needs a permission of its own', async () => {
    const authorizer = denyingAuthorizer([{ action: 'subscribe', filter: '$dead/#' }])
    const broker = await start({}, { authorizer })
    const client = MemoryClient.connect(broker, 'client')
    expect(client.subscribe(['$dead/#'])).toEqual([0x87])
    MemoryClient.connect(broker, 'publisher').publish('t', 'm')
    broker.advance(TURN_MS)
    expect(client.take()).toEqual([])
    expect(broker.broker.lost.isDeadWatched).toBe(false)
  })
})

describe('$expired', () => {
  it('watched alone costs nothing for what is dropped: not even the topic under $dropped/ is looked for', async () => {
    const isKnown = ({ broker: { subscriptions } }: MemoryBroker): boolean => {
      const bytes = Buffer.from('$dropped/t')
      const hash = subscriptions.topics.hash(bytes, 0, bytes.length)
      return subscriptions.topics.find(hash, bytes, 0, bytes.length) !== null
    }
    for (const filter of ['$expired/#', '$dropped/#']) {
      const broker = await start({ maxQueueSize: 1 })
      watch(broker, [filter])
      absent(broker, 'away', 't')
      const publisher = MemoryClient.connect(broker, 'publisher')
      for (const packetId of [1, 2]) publisher.publish('t', 'm', { qos: 1, packetId })
      expect(broker.broker.metrics.dropped[DropReason.QUEUE_FULL]).toBe(1)
      expect(isKnown(broker)).toBe(filter === '$dropped/#')
    }
  })

  it('hears of a message as soon as it would have been sent, and of one that came with no time left', async () => {
    const broker = await start()
    const watcher = watch(broker)
    absent(broker, 'away', 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t', 'one second', { qos: 1, properties: { messageExpiryInterval: 1 } })
    publisher.publish('t', 'none', { qos: 1, packetId: 2, properties: { messageExpiryInterval: 0 } })
    expect(watcher.takeTexts()).toEqual(['$expired/t none'])
    broker.advance(1_000)
    MemoryClient.connect(broker, 'away', { isPersistent: true })
    expect(watcher.takeTexts()).toEqual(['$expired/t one second'])
  })

  it('hears of clients that are there and too slow', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const slow = MemoryClient.connect(broker, 'slow', { connect: { properties: { receiveMaximum: 1 } } })
    slow.subscribe(['t'], 1)
    const publisher = MemoryClient.connect(broker, 'publisher')
    for (let i = 1; i <= 3; i++)
      publisher.publish('t', String(i), { qos: 1, packetId: i, properties: { messageExpiryInterval: 2 } })
    broker.advance(SWEEP_MS)
    // What was sent once does not expire.
    expect(watcher.takeTexts()).toEqual(['$expired/t 2', '$expired/t 3'])
  })

  it('does not hear of retained messages', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t', 'm', { retain: true, properties: { messageExpiryInterval: 1 } })
    broker.advance(10_000)
    expect(watcher.take()).toEqual([])
  })

  it('is searched for in a hundred queues in turn', async () => {
    const broker = await start()
    const watcher = watch(broker)
    for (let i = 0; i < 120; i++) absent(broker, `away ${i}`, 't')
    MemoryClient.connect(broker, 'publisher').publish('t', 'm', { qos: 1, properties: { messageExpiryInterval: 1 } })
    broker.advance(3 * SWEEP_MS)
    expect(new Set(watcher.take().map((copy) => notesOf(copy)['client-id'])).size).toBe(120)
  })
})

describe('copies of copies', () => {
  it('are made of what expired and nobody wants as such: $dead/$expired/…', async () => {
    const broker = await start()
    const watcher = watch(broker, ['$dead/#'])
    absent(broker, 'away', 't')
    MemoryClient.connect(broker, 'publisher').publish('t', 'm', {
      qos: 1,
      properties: { messageExpiryInterval: 1 },
    })
    broker.advance(SWEEP_MS)
    expect(watcher.takeTexts()).toEqual(['$dead/$expired/t m'])
    // As soon as somebody wants it, it is not dead.
    watcher.client.subscribe(['$expired/#'])
    MemoryClient.connect(broker, 'other').publish('t', 'm', { qos: 1, properties: { messageExpiryInterval: 0 } })
    expect(watcher.takeTexts()).toEqual(['$expired/t m'])
  })

  it('are made of what expired and is dropped then: $dropped/$expired/…', async () => {
    const broker = await start({ maxQueueSize: 1 })
    absent(broker, 'expired watcher', '$expired/#')
    const watcher = watch(broker, ['$dropped/#'])
    absent(broker, 'away', 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    for (let i = 1; i <= 3; i++)
      publisher.publish('t', String(i), { qos: 1, packetId: i, properties: { messageExpiryInterval: 0 } })
    const copies = watcher.take()
    expect(copies.map((copy) => `${copy.topicName} ${textOf(copy)}`)).toEqual([
      '$dropped/$expired/t 2',
      '$dropped/$expired/t 3',
    ])
    expect(notesOf(copies[0]!)['client-id']).toBe('expired watcher')
  })

  it('end there', async () => {
    const broker = await start({ maxQueueSize: 1 })
    // Every copy is dropped again, for one client or another.
    for (const filter of ALL_FILTERS) absent(broker, filter, filter)
    absent(broker, 'all', '$dropped/#')
    absent(broker, 'away', 't')
    const publisher = MemoryClient.connect(broker, 'publisher')
    for (let i = 1; i <= 10; i++) {
      publisher.publish('nobody', 'm', { qos: 1, packetId: i })
      publisher.publish('t', 'm', { qos: 1, packetId: i, properties: { messageExpiryInterval: 0 } })
      publisher.publish('t', 'm', { qos: 1, packetId: i })
    }
    broker.advance(60_000)
    // 10 dead, 10 expired of which 9 are dropped, 9 dropped: nothing comes of copies that are dropped.
    expect(broker.broker.metrics.lostCopiesPublished).toBe(38)
  })

  it('are not made for a client whose own copies do not fit', async () => {
    const broker = await start({ maxQueueSize: 3 })
    absent(broker, 'selfish', '$dropped/#')
    const selfish = MemoryClient.connect(broker, 'selfish', { isPersistent: true })
    selfish.subscribe(['t'], 1)
    selfish.drop()
    const publisher = MemoryClient.connect(broker, 'publisher')
    for (let i = 1; i <= 100; i++) publisher.publish('t', String(i), { qos: 1 })
    broker.advance(1_000)
    const back = MemoryClient.connect(broker, 'selfish', { isPersistent: true })
    expect(back.takePublishes().map(textOf)).toEqual(['1', '2', '3'])
  })
})

describe('limits', () => {
  it('a topic that is too long with its prefix is not redirected, and counted', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t'.repeat(65_535 - '$dead/'.length), 'fits')
    publisher.publish('t'.repeat(65_535 - '$dead/'.length + 1), 'does not fit')
    expect(watcher.take().map(textOf)).toEqual(['fits'])
    expect(broker.broker.metrics.lostCopiesDropped).toBe(1)
  })

  it('a burst is published in several turns, none of it lost', async () => {
    const broker = await start({ maxQueueSize: 100_000 })
    const watcher = watch(broker)
    const publisher = MemoryClient.connect(broker, 'publisher')
    for (let i = 0; i < 5_000; i++) publisher.publish('t', String(i), { qos: 1 })
    expect(watcher.take().map(textOf)).toEqual(Array.from({ length: 5_000 }, (_, i) => String(i)))
  })

  it('what waits to be published takes 64 MiB and no more', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const publisher = MemoryClient.connect(broker, 'publisher')
    const payload = Buffer.alloc(1024 * 1024)
    for (let i = 0; i < 70; i++) publisher.publish('t', payload, { qos: 1 })
    expect(broker.broker.metrics.lostCopiesDropped).toBe(7)
    expect(watcher.take()).toHaveLength(63)
  })

  it('topics and properties are part of it', async () => {
    const broker = await start()
    const watcher = watch(broker)
    const publisher = MemoryClient.connect(broker, 'publisher')
    const properties = { responseTopic: 'r'.repeat(60_000) }
    for (let i = 0; i < 700; i++) publisher.publish('t'.repeat(40_000), '', { qos: 0, properties })
    expect(broker.broker.metrics.lostCopiesDropped).toBe(700 - 671)
    expect(watcher.take()).toHaveLength(671)
  })

  it('a broker that stops publishes what waits', async () => {
    const broker = await start()
    absent(broker, 'watcher', '$dead/#')
    MemoryClient.connect(broker, 'publisher').publish('t', 'm', { qos: 1 })
    await broker.restart()
    const back = MemoryClient.connect(broker, 'watcher', { isPersistent: true })
    expect(back.takePublishes().map(textOf)).toEqual(['m'])
  })
})
