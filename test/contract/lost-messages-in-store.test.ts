// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { DurableBroker } from '../support/durable-broker.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const SETTINGS = { expiredMessagesTopicEnabled: true, droppedMessagesTopicEnabled: true, maxQueueSize: 3_000 }
/** Several pages of a queue. */
const MESSAGES = 1_000

async function publishMany(broker: DurableBroker, messageExpiryInterval: number): Promise<void> {
  const publisher = MemoryClient.open(broker.memory, 'publisher')
  for (let i = 0; i < MESSAGES; i++) {
    const properties = { messageExpiryInterval: i % 2 === 0 ? messageExpiryInterval : 100_000 }
    publisher.publish('t', String(i), { qos: 1, packetId: i + 1, properties })
    if (i % 10 === 9) await broker.settle()
  }
  publisher.drop()
  await broker.settle()
}

const NUMBERS = Array.from({ length: MESSAGES }, (_, i) => i)
const EVEN = NUMBERS.filter((i) => i % 2 === 0).map(String)
const ODD = NUMBERS.filter((i) => i % 2 === 1).map(String)

it.each([{ filter: 't' }, { filter: '$share/g/t' }])(
  'what expires in the store, pages deep, is redirected while its client is away, also after a restart ($filter)',
  async ({ filter }) => {
    await using stores = new LmdbStores()
    const clock = new FakeClock()
    const first = await DurableBroker.start(stores, clock, SETTINGS)
    await first.absent('watcher', '$expired/#')
    await first.absent('away', filter)
    await publishMany(first, 60)
    await first.memory.broker.stop()

    const second = await DurableBroker.start(stores, clock, SETTINGS)
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
  await using stores = new LmdbStores()
  const clock = new FakeClock()
  const broker = await DurableBroker.start(stores, clock, SETTINGS)
  await broker.absent('away', 't')
  await publishMany(broker, 60)
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
