// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Publish } from '../../src/codec/publish.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const SETTINGS = { expiredMessagesTopicEnabled: true, droppedMessagesTopicEnabled: true, maxQueueSize: 3_000 }
/** Several pages of a queue. */
const MESSAGES = 1_000

/** A broker with the durable store, whose answers take real time. */
class DurableBroker {
  readonly #stores: LmdbStores
  readonly memory: MemoryBroker

  private constructor(stores: LmdbStores, memory: MemoryBroker) {
    this.#stores = stores
    this.memory = memory
  }

  static async start(stores: LmdbStores, clock: FakeClock): Promise<DurableBroker> {
    const store = await stores.open(clock)
    return new DurableBroker(stores, await MemoryBroker.start({ store, clock, settings: SETTINGS }))
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      this.memory.settle()
      await endOfTurn()
      if (!this.#stores.isIdle) quiet = 0
    }
  }

  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.memory.advance(Math.min(left, 1_000))
      await this.settle()
    }
  }

  /** A session without a connection. */
  async absent(clientId: string, filter: string): Promise<void> {
    const client = await this.connect(clientId)
    client.sendSubscribe([filter], 1)
    await this.settle()
    client.take()
    client.drop()
    await this.settle()
  }

  async connect(clientId: string): Promise<MemoryClient> {
    const client = MemoryClient.open(this.memory, clientId, { isPersistent: true })
    await this.settle()
    client.takeFirst(PacketType.CONNACK)
    return client
  }

  /** What comes for a client that acknowledges all of it. */
  async receive(client: MemoryClient): Promise<Publish[]> {
    const received: Publish[] = []
    for (;;) {
      await this.settle()
      const publishes = client.takePublishes()
      if (publishes.length === 0) return received
      received.push(...publishes)
      for (const { packetId } of publishes) client.ack(PacketType.PUBACK, packetId!)
    }
  }

  async publishMany(messageExpiryInterval: number): Promise<void> {
    const publisher = MemoryClient.open(this.memory, 'publisher')
    for (let i = 0; i < MESSAGES; i++) {
      const properties = { messageExpiryInterval: i % 2 === 0 ? messageExpiryInterval : 100_000 }
      publisher.publish('t', String(i), { qos: 1, packetId: i + 1, properties })
      if (i % 10 === 9) await this.settle()
    }
    publisher.drop()
    await this.settle()
  }
}

const NUMBERS = Array.from({ length: MESSAGES }, (_, i) => i)
const EVEN = NUMBERS.filter((i) => i % 2 === 0).map(String)
const ODD = NUMBERS.filter((i) => i % 2 === 1).map(String)

it.each([{ filter: 't' }, { filter: '$share/g/t' }])(
  'what expires in the store, pages deep, is redirected while its client is away, also after a restart ($filter)',
  async ({ filter }) => {
    using stores = new LmdbStores()
    const clock = new FakeClock()
    const first = await DurableBroker.start(stores, clock)
    await first.absent('watcher', '$expired/#')
    await first.absent('away', filter)
    await first.publishMany(60)
    await first.memory.broker.stop()

    const second = await DurableBroker.start(stores, clock)
    await second.advance(70_000)
    const watcher = await second.connect('watcher')
    const copies = await second.receive(watcher)
    expect(copies.map(textOf)).toEqual(EVEN)
    expect(copies.every(({ topicName }) => topicName === '$expired/t')).toBe(true)
    const back = await second.connect('away')
    expect((await second.receive(back)).map(textOf)).toEqual(ODD)
    expect(await second.receive(watcher)).toEqual([])
    for (const client of [watcher, back]) client.drop()
    await second.memory.broker.stop()
  },
)

it('what is found expired when its client comes back comes there too, each message once', async () => {
  using stores = new LmdbStores()
  const clock = new FakeClock()
  const broker = await DurableBroker.start(stores, clock)
  await broker.absent('away', 't')
  await broker.publishMany(60)
  clock.advance(61_000)
  await broker.absent('watcher', '$expired/#')
  const back = await broker.connect('away')
  expect((await broker.receive(back)).map(textOf)).toEqual(ODD)
  await broker.advance(10_000)
  const watcher = await broker.connect('watcher')
  expect((await broker.receive(watcher)).map(textOf)).toEqual(EVEN)
  for (const client of [watcher, back]) client.drop()
  await broker.memory.broker.stop()
})
