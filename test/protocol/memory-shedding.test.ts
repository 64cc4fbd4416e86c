// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const SAMPLE_MS = 250

/** A broker whose memory is in the hands of the test. */
class ShortBroker {
  readonly log: string[] = []
  memory!: MemoryBroker
  #share = 0

  static async start(share = 0): Promise<ShortBroker> {
    const broker = new ShortBroker()
    broker.#share = share
    const note =
      (level: string) =>
      (text: string): void => {
        if (text.includes('emory')) broker.log.push(`${level} ${text}`)
      }
    broker.memory = await MemoryBroker.start({
      memoryProbe: () => broker.#share,
      logger: { debug: () => undefined, info: note('INFO'), warn: note('WARN'), error: note('ERROR') },
    })
    return broker
  }

  /** So much of the memory is in use from now on. */
  set share(share: number) {
    this.#share = share
    this.memory.advance(SAMPLE_MS)
  }
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  const isVersion5 = version === ProtocolVersion.V5

  it('from 88 % on new connections are refused with 0x97, before MQTT 5 with 3; who is there stays', async () => {
    const broker = await ShortBroker.start()
    const client = MemoryClient.connect(broker.memory, 'client', { version })
    client.subscribe(['t'])
    broker.share = 0.88
    const refused = MemoryClient.open(broker.memory, 'refused', { version })
    expect(refused.takeFirst(PacketType.CONNACK)).toMatchObject({
      sessionPresent: false,
      reasonCode: isVersion5 ? 0x97 : 3,
    })
    expect(refused.transport.isEnded).toBe(true)
    client.publish('t', 'm', { qos: 0 })
    expect(client.takePublishes().map(textOf)).toEqual(['m'])
    // Nobody is pushed off his session by somebody who is refused.
    MemoryClient.open(broker.memory, 'client', { version })
    expect(client.transport.isEnded).toBe(false)
    expect(broker.memory.broker.metrics.connectsRefusedForMemory).toBe(2)
    broker.share = 0.82
    MemoryClient.connect(broker.memory, 'refused', { version })
  })

  it('from 90 % on the largest publishers are not read, until it is better', async () => {
    const broker = await ShortBroker.start()
    const subscriber = MemoryClient.connect(broker.memory, 'subscriber', { version })
    subscriber.subscribe(['#'])
    const sizes = [40_000, 30_000, 20_000, 10_000]
    const publishers = sizes.map((size) => MemoryClient.connect(broker.memory, `publisher ${size}`, { version }))
    const publishAll = (): void => {
      for (const [index, publisher] of publishers.entries()) publisher.publish('t', Buffer.alloc(sizes[index]!))
    }
    const paused = (): boolean[] => publishers.map(({ transport }) => transport.isReadingPaused)
    publishAll()
    broker.share = 0.9
    expect(paused()).toEqual([true, true, false, false])
    subscriber.take()
    publishAll()
    expect(subscriber.takePublishes().map(({ payload }) => payload.length)).toEqual([20_000, 10_000])
    broker.share = 0.9
    expect(paused()).toEqual([true, true, false, false])
    publishAll()
    // It gets worse: half of the rest.
    broker.share = 0.91
    expect(paused()).toEqual([true, true, true, false])
    // Who sends nothing, or acknowledges much, is not the cause.
    expect(subscriber.transport.isReadingPaused).toBe(false)
    broker.share = 0.86
    expect(paused()).toEqual([true, true, true, false])
    broker.share = 0.84
    expect(paused()).toEqual([false, false, false, false])
    // Nothing is lost of what they have sent meanwhile.
    const rest = [20_000, 10_000, 40_000, 40_000, 30_000, 30_000]
    expect(subscriber.takePublishes().map(({ payload }) => payload.length)).toEqual(rest)
    expect(broker.memory.broker.metrics.publishersPausedForMemory).toBe(3)
  })

  it('from 92.5 % on QoS 0 is dropped and counted, QoS 1 is not', async () => {
    const broker = await ShortBroker.start()
    const [subscriber, publisher] = ['subscriber', 'publisher'].map((clientId) =>
      MemoryClient.connect(broker.memory, clientId, { version }),
    )
    subscriber!.subscribe(['t'], 1)
    broker.share = 0.925
    publisher!.publish('t', 'zero')
    publisher!.publish('t', 'one', { qos: 1 })
    expect(publisher!.take()).toEqual([{ type: PacketType.PUBACK, packetId: 1, reasonCode: 0 }])
    expect(subscriber!.takePublishes().map(textOf)).toEqual(['one'])
    expect(broker.memory.broker.metrics.qos0DroppedForMemory).toBe(1)
    broker.share = 0.79
    publisher!.publish('t', 'zero')
    expect(subscriber!.takePublishes().map(textOf)).toEqual(['zero'])
  })

  it('from 95 % on QoS 1 and 2 are refused with 0x97; before MQTT 5 the connection is closed without an answer', async () => {
    for (const [qos, type] of [
      [1, PacketType.PUBACK],
      [2, PacketType.PUBREC],
    ] as const) {
      const broker = await ShortBroker.start()
      const [subscriber, publisher] = ['subscriber', 'publisher'].map((clientId) =>
        MemoryClient.connect(broker.memory, clientId, { version }),
      )
      subscriber!.subscribe(['t'], 2)
      broker.share = 0.95
      publisher!.publish('t', 'refused', { qos })
      expect(broker.memory.broker.metrics.publishesRefusedForMemory).toBe(1)
      expect(subscriber!.take()).toEqual([])
      if (!isVersion5) {
        expect(publisher!.take()).toEqual([])
        expect(publisher!.transport.isEnded).toBe(true)
        continue
      }
      expect(publisher!.take()).toEqual([{ type, packetId: 1, reasonCode: 0x97 }])
      expect(publisher!.transport.isEnded).toBe(false)
      // Later the same identifier stands for a new message.
      broker.share = 0.5
      publisher!.publish('t', 'taken', { qos })
      expect(publisher!.takeFirst(type)).toMatchObject({ reasonCode: 0 })
      expect(subscriber!.takePublishes().map(textOf)).toEqual(['taken'])
    }
  })

  it('what was taken on before goes on at any step', async () => {
    const broker = await ShortBroker.start()
    const [subscriber, publisher] = ['subscriber', 'publisher'].map((clientId) =>
      MemoryClient.connect(broker.memory, clientId, { version }),
    )
    subscriber!.subscribe(['t'], 2)
    publisher!.publish('t', 'm', { qos: 2 })
    publisher!.takeFirst(PacketType.PUBREC)
    const [publish] = subscriber!.takePublishes()
    // Of who was not read the rest would come later.
    broker.share = 0.89
    broker.share = 0.99
    publisher!.publish('t', 'm', { qos: 2, dup: true })
    expect(publisher!.takeFirst(PacketType.PUBREC)).toMatchObject({ reasonCode: 0 })
    publisher!.ack(PacketType.PUBREL, 1)
    expect(publisher!.takeFirst(PacketType.PUBCOMP)).toMatchObject({ reasonCode: 0 })
    subscriber!.ack(PacketType.PUBREC, publish!.packetId!)
    expect(subscriber!.takeFirst(PacketType.PUBREL)).toMatchObject({ packetId: publish!.packetId! })
  })
})

it('each step is said once when it is taken and once when it is left, with some way between the two', async () => {
  const broker = await ShortBroker.start()
  for (const share of [0.87, 0.88, 0.89, 0.85, 0.84, 0.88, 0.87]) broker.share = share
  const taken = 'WARN Memory is short (88 % of the limit is in use): new connections are refused.'
  expect(broker.log).toEqual([taken])
  broker.share = 0.82
  expect(broker.log).toEqual([
    taken,
    'INFO Memory is less short (82 % of the limit is in use): no more that new connections are refused.',
  ])
  broker.log.length = 0
  broker.share = 1.2
  broker.share = 1.3
  broker.share = 0.1
  expect(broker.log.map((line) => line.replace(/\(.*\)/, '()'))).toEqual([
    'WARN Memory is short (): new connections are refused.',
    'WARN Memory is short (): the clients that publish most are not read.',
    'WARN Memory is short (): QoS 0 messages are dropped.',
    'WARN Memory is short (): QoS 1 and 2 messages are refused.',
    'INFO Memory is less short (): no more that QoS 1 and 2 messages are refused.',
    'INFO Memory is less short (): no more that QoS 0 messages are dropped.',
    'INFO Memory is less short (): no more that the clients that publish most are not read.',
    'INFO Memory is less short (): no more that new connections are refused.',
  ])
  expect(broker.memory.broker.metrics.memoryStepsEntered).toEqual([0, 2, 1, 1, 1])
  expect(broker.memory.broker.metrics.memoryLevel).toBe(0)
})

it('memory that is short from the start is seen before the first client', async () => {
  const broker = await ShortBroker.start(0.9)
  const client = MemoryClient.open(broker.memory, 'client')
  expect(client.takeFirst(PacketType.CONNACK)).toMatchObject({ reasonCode: 0x97 })
})

it('publishers that are not read are not taken for idle, and may leave', async () => {
  const broker = await ShortBroker.start()
  const publishers = ['a', 'b'].map((clientId) =>
    MemoryClient.connect(broker.memory, clientId, { connect: { keepAliveSec: 1 } }),
  )
  for (const publisher of publishers) publisher.publish('t', Buffer.alloc(10_000))
  broker.share = 0.91
  for (const publisher of publishers) publisher.publish('t', 'more')
  broker.share = 0.92
  expect(publishers.map(({ transport }) => transport.isReadingPaused)).toEqual([true, true])
  for (let second = 0; second < 10; second++) {
    broker.memory.advance(1_000)
    for (const publisher of publishers) publisher.send({ type: PacketType.PINGREQ })
  }
  expect(publishers.map(({ transport }) => transport.isEnded)).toEqual([false, false])
  publishers[0]!.drop()
  broker.share = 0.1
  expect(publishers[1]!.transport.isReadingPaused).toBe(false)
  broker.memory.advance(2_000)
  expect(publishers[1]!.transport.isEnded).toBe(true)
})

it('a broker without a probe looks at nothing', async () => {
  const broker = await MemoryBroker.start()
  expect(broker.broker.wheel.size).toBe(0)
})
