// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'

const MESSAGES = 10

/** Publishes for a session that is away; says what is counted before the store has had its turn, and when all is answered. */
async function publish(durability: 'disk' | 'os' | 'memory'): Promise<{ atOnce: number; atLast: number }> {
  await using stores = new LmdbStores({ durability })
  const clock = new FakeClock()
  const broker = await MemoryBroker.start({ store: await stores.open(clock), clock })
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 3; quiet++) {
      broker.settle()
      await endOfTurn()
      if (!stores.isIdle) quiet = 0
    }
  }
  const away = MemoryClient.open(broker, 'away', { isPersistent: true })
  away.sendSubscribe(['kept', 'away'], 1)
  await settle()
  away.drop()
  const publisher = MemoryClient.open(broker, 'publisher')
  await settle()
  publisher.takeFirst(PacketType.CONNACK)
  const { metrics } = stores
  const before = metrics.unsyncedAcknowledgements
  for (let packetId = 1; packetId <= MESSAGES; packetId++) publisher.publish('kept', '', { qos: 1, packetId })
  const atOnce = metrics.unsyncedAcknowledgements - before
  await settle()
  for (let i = 0; i < MESSAGES; i++) publisher.takeFirst(PacketType.PUBACK)
  // Nobody is there for these, so nothing of them is stored.
  publisher.publish('unheard', '', { qos: 1, packetId: 1 })
  await settle()
  publisher.takeFirst(PacketType.PUBACK)
  const atLast = metrics.unsyncedAcknowledgements - before
  await stores.close()
  return { atOnce, atLast }
}

describe('acknowledgements that a power loss may break', () => {
  it('are none where they wait for the disk', async () => {
    expect(await publish('disk')).toEqual({ atOnce: 0, atLast: 0 })
  })

  it('are all where they wait for the operating system, from the moment at which they are sent', async () => {
    expect(await publish('os')).toEqual({ atOnce: 0, atLast: MESSAGES })
  })

  it('are all where they wait for nothing', async () => {
    expect(await publish('memory')).toEqual({ atOnce: MESSAGES, atLast: MESSAGES })
  })
})
