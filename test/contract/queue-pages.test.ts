// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import type { StoredDelivery } from '../../src/store/store.ts'
import { DurableBroker } from '../support/durable-broker.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const COUNT = 40
const PAYLOAD_BYTES = 100_000

// A page of 200 messages is 25 kB, or 50 GB: they may have 256 MB each.
it('a queue of large messages is read in pages of few, and comes whole and in order', async () => {
  await using stores = new LmdbStores()
  const broker = await DurableBroker.start(stores, new FakeClock(), {})
  await broker.absent('away', 't')
  const publisher = MemoryClient.open(broker.memory, 'publisher')
  for (let i = 0; i < COUNT; i++) {
    publisher.publish('t', `${i} `.padEnd(PAYLOAD_BYTES, 'x'), { qos: 1, packetId: i + 1 })
    await broker.settle()
  }
  const { store } = broker.memory.broker
  const page = await new Promise<readonly StoredDelivery[]>((resolve) => {
    store.readQueue({ kind: 'session', key: 'away' }, 0, 200, resolve)
  })
  expect(page).toHaveLength(11)
  const received = await broker.receive(await broker.connect('away'))
  expect(received.map((message) => Number(textOf(message).split(' ')[0]))).toEqual(
    Array.from({ length: COUNT }, (_, i) => i),
  )
})
