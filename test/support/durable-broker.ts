// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Publish } from '../../src/codec/publish.ts'
import type { FakeClock } from './fake-clock.ts'
import type { LmdbStores } from './lmdb-stores.ts'
import { MemoryBroker } from './memory-broker.ts'
import { MemoryClient } from './memory-client.ts'

/** A broker with the durable store, whose answers take real time. */
export class DurableBroker {
  readonly #stores: LmdbStores
  readonly memory: MemoryBroker

  private constructor(stores: LmdbStores, memory: MemoryBroker) {
    this.#stores = stores
    this.memory = memory
  }

  static async start(stores: LmdbStores, clock: FakeClock, settings: Partial<BrokerSettings>): Promise<DurableBroker> {
    const store = await stores.open(clock)
    return new DurableBroker(stores, await MemoryBroker.start({ store, clock, settings }))
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
  async absent(clientId: string, ...filters: string[]): Promise<void> {
    const client = await this.connect(clientId)
    client.sendSubscribe(filters, 1)
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
}
