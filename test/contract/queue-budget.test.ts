// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Ack } from '../../src/codec/ack.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { ReasonCode } from '../../src/codec/reason-code.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import type { QueuedMessagesStrategy } from '../../src/session/message-queue.ts'
import { checkBooks } from '../support/check-books.ts'
import { bufferBytes } from '../support/collect-garbage.ts'
import { DurableBroker } from '../support/durable-broker.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

// All queues together may take a share of the disk budget. When they do, one that nobody empties pays for what comes.

const MIB = 1024 * 1024
const DISK = { maxDiskUsage: 8 * MIB, queueShare: 50 }
// Two pages of the file, with what goes with it.
const PAYLOAD_BYTES = 8_000
/** So many fit into the share. */
const FITTING = (4 * MIB) / 8192

function payloadOf(name: string, number: number): string {
  return `${name} ${number} `.padEnd(PAYLOAD_BYTES, 'x')
}

function numberOf(text: string): number {
  return Number(text.split(' ')[1])
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

async function publish(broker: DurableBroker, topicName: string, from: number, to: number): Promise<void> {
  const publisher = MemoryClient.open(broker.memory, 'publisher')
  await broker.settle()
  publisher.take()
  for (let number = from; number < to; number++) {
    publisher.publish(topicName, payloadOf(topicName, number), { qos: 1, packetId: number + 1 })
    if (number % 10 < 9 && number < to - 1) continue
    await broker.settle()
    for (const packet of publisher.take()) expect((packet as Ack).reasonCode).toBe(ReasonCode.SUCCESS)
    checkBooks(broker.memory.broker)
  }
  publisher.drop()
  await broker.settle()
}

/** The numbers of the messages that wait for a client, which takes them. */
async function collect(broker: DurableBroker, clientId: string): Promise<number[]> {
  const client = await broker.connect(clientId)
  const received = await broker.receive(client)
  client.drop()
  await broker.settle()
  return received.map((message) => numberOf(textOf(message)))
}

function settingsFor(queuedMessagesStrategy: QueuedMessagesStrategy): Parameters<typeof DurableBroker.start>[2] {
  return { maxQueueSize: 1_800_000, queuedMessagesStrategy, droppedMessagesTopicEnabled: true }
}

function droppedForBudget(broker: DurableBroker): number {
  return broker.memory.broker.metrics.dropped[DropReason.QUEUE_BUDGET]
}

describe('the budget of all queues', () => {
  it.each(['greedy', '$share/group/greedy'])(
    'with discard-oldest: the largest queue gives up its oldest messages, others nothing (%s)',
    async (filter) => {
      await using stores = new LmdbStores(DISK)
      const broker = await DurableBroker.start(stores, new FakeClock(), settingsFor('discard-oldest'))
      await broker.absent('modest', 'modest')
      await broker.absent('greedy', filter)
      await publish(broker, 'modest', 0, 20)
      await publish(broker, 'greedy', 0, 3 * FITTING)
      await publish(broker, 'modest', 20, 60)
      const dropped = droppedForBudget(broker)
      expect(dropped).toBeGreaterThan(2 * FITTING)
      expect(dropped).toBeLessThan(2.6 * FITTING)
      const { metrics } = broker.memory.broker
      expect(metrics.storeUsedBytes).toBeLessThan((DISK.maxDiskUsage * (DISK.queueShare + 20)) / 100)
      expect(metrics.refusedForLackOfRoom).toBe(0)
      expect(await collect(broker, 'greedy')).toEqual(range(dropped, 3 * FITTING))
      expect(await collect(broker, 'modest')).toEqual(range(0, 60))
      // Queues have room again.
      await publish(broker, 'greedy', 0, 100)
      expect(await collect(broker, 'greedy')).toEqual(range(0, 100))
      expect(droppedForBudget(broker)).toBe(dropped)
      await broker.memory.broker.stop()
    },
  )

  it('each message that is given up comes under $dropped/, with its reason', async () => {
    await using stores = new LmdbStores(DISK)
    const broker = await DurableBroker.start(stores, new FakeClock(), settingsFor('discard-oldest'))
    await broker.absent('greedy', 'greedy')
    const watcher = MemoryClient.open(broker.memory, 'watcher')
    await broker.settle()
    watcher.sendSubscribe(['$dropped/#'])
    await broker.settle()
    watcher.take()
    await publish(broker, 'greedy', 0, 2 * FITTING)
    await broker.advance(1_000)
    const copies = watcher.takePublishes()
    expect(copies.map((copy) => numberOf(textOf(copy)))).toEqual(range(0, droppedForBudget(broker)))
    expect(copies.length).toBeGreaterThan(FITTING / 2)
    expect(copies[0]!.topicName).toBe('$dropped/greedy')
    const properties = new Map(copies[0]!.properties!.userProperties)
    expect(properties.get('reason')).toBe(DropReason.QUEUE_BUDGET)
    expect(properties.get('client-id')).toBe('greedy')
    watcher.drop()
    await broker.memory.broker.stop()
  })

  it('what is given up of absent clients does not bring the rest of their messages into memory', async () => {
    await using stores = new LmdbStores({ maxDiskUsage: 40 * MIB, queueShare: 50 })
    const broker = await DurableBroker.start(stores, new FakeClock(), settingsFor('discard-oldest'))
    const names = ['one', 'two', 'three', 'four']
    for (const name of names) await broker.absent(name, name)
    const publisher = MemoryClient.open(broker.memory, 'publisher')
    await broker.settle()
    const before = bufferBytes()
    const kept: number[] = []
    for (let round = 0; round < 150; round++) {
      for (const [i, name] of names.entries()) {
        publisher.publish(name, Buffer.alloc(50_000), { qos: 1, packetId: i + 1 })
      }
      await broker.settle()
      publisher.take()
      if (round % 10 === 0) kept.push(bufferBytes() - before)
    }
    expect(droppedForBudget(broker)).toBeGreaterThan(150)
    // Of 20 MB that are queued.
    expect(Math.max(...kept)).toBeLessThan(5e6)
  })

  it('copies under $dropped/ that nobody takes make no others lose', async () => {
    await using stores = new LmdbStores(DISK)
    const broker = await DurableBroker.start(stores, new FakeClock(), settingsFor('discard-oldest'))
    await broker.absent('greedy', 'greedy')
    await broker.absent('watcher', '$dropped/#')
    await publish(broker, 'greedy', 0, 3 * FITTING)
    await broker.advance(1_000)
    const kept = await collect(broker, 'greedy')
    expect(kept.length).toBeGreaterThan(FITTING * 0.6)
    await broker.memory.broker.stop()
  })

  it('with discard: the largest queue takes nothing more, smaller ones do', async () => {
    await using stores = new LmdbStores(DISK)
    const broker = await DurableBroker.start(stores, new FakeClock(), settingsFor('discard'))
    await broker.absent('modest', 'modest')
    await broker.absent('greedy', 'greedy')
    await publish(broker, 'greedy', 0, 2 * FITTING)
    await publish(broker, 'modest', 0, 30)
    const dropped = droppedForBudget(broker)
    expect(dropped).toBeGreaterThan(0.9 * FITTING)
    expect(await collect(broker, 'greedy')).toEqual(range(0, 2 * FITTING - dropped))
    expect(await collect(broker, 'modest')).toEqual(range(0, 30))
    await broker.memory.broker.stop()
  })

  it('what an ended session has left is not counted while it is cleared away: nobody loses for it', async () => {
    await using stores = new LmdbStores(DISK)
    const broker = await DurableBroker.start(stores, new FakeClock(), settingsFor('discard-oldest'))
    await broker.absent('modest', 'modest')
    await broker.absent('greedy', 'greedy')
    // Several portions of what is cleared away at a time.
    const publisher = MemoryClient.open(broker.memory, 'publisher', { version: ProtocolVersion.V3_1_1 })
    for (let packetId = 1; droppedForBudget(broker) === 0; packetId++) {
      publisher.publish('greedy', Buffer.alloc(500), { qos: 1, packetId })
      if (packetId % 100 === 0) await broker.settle()
    }
    await broker.settle()
    publisher.take()
    const dropped = droppedForBudget(broker)
    MemoryClient.open(broker.memory, 'greedy')
    // In the turns in which it is cleared away.
    for (let packetId = 1; packetId <= 10; packetId++) {
      publisher.publish('modest', payloadOf('modest', packetId), { qos: 1, packetId })
      await endOfTurn()
    }
    await broker.settle()
    expect(droppedForBudget(broker)).toBe(dropped)
    expect(await collect(broker, 'modest')).toEqual(range(1, 11))
    publisher.drop()
    for (const { link } of broker.memory.broker.connections) link.destroy()
    await broker.settle()
    await broker.memory.broker.stop()
  })

  it('is kept after a restart too, and by the queue that was the largest before', async () => {
    await using stores = new LmdbStores(DISK)
    const clock = new FakeClock()
    let broker = await DurableBroker.start(stores, clock, settingsFor('discard-oldest'))
    await broker.absent('modest', 'modest')
    await broker.absent('greedy', 'greedy')
    await publish(broker, 'greedy', 0, 2 * FITTING)
    const droppedBefore = droppedForBudget(broker)
    await broker.memory.broker.stop()

    broker = await DurableBroker.start(stores, clock, settingsFor('discard-oldest'))
    await publish(broker, 'modest', 0, 50)
    const dropped = droppedForBudget(broker)
    expect(dropped).toBeGreaterThan(20)
    expect(await collect(broker, 'modest')).toEqual(range(0, 50))
    expect(await collect(broker, 'greedy')).toEqual(range(droppedBefore + dropped, 2 * FITTING))
    await broker.memory.broker.stop()
  })
})
