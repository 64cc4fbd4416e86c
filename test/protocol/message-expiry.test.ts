// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const HOUR_MS = 3_600_000

/** A subscriber that is away, and a publisher. */
async function start(): Promise<{ broker: MemoryBroker; publisher: MemoryClient }> {
  const broker = await MemoryBroker.start()
  const subscriber = MemoryClient.connect(broker, 'subscriber', { isPersistent: true })
  subscriber.subscribe(['t'], 1)
  subscriber.drop()
  return { broker, publisher: MemoryClient.connect(broker, 'publisher') }
}

function publish(publisher: MemoryClient, payload: string, messageExpiryInterval: number): void {
  publisher.publish('t', payload, { qos: 1, properties: { messageExpiryInterval } })
  publisher.takeFirst(PacketType.PUBACK)
}

/** What the subscriber gets when it is back: payload and what is left of the interval. */
function comeBack(broker: MemoryBroker): string[] {
  const subscriber = MemoryClient.connect(broker, 'subscriber', { isPersistent: true })
  const publishes = subscriber.takePublishes()
  for (const { packetId } of publishes) subscriber.ack(PacketType.PUBACK, packetId!)
  return publishes.map((message) => `${textOf(message)} ${message.properties?.messageExpiryInterval}`)
}

describe('message expiry', () => {
  it.each([HOUR_MS, -HOUR_MS])(
    'ME-13: that the clock of the wall is set by %i ms while the broker runs changes nothing',
    async (shiftMs) => {
      const { broker, publisher } = await start()
      publish(publisher, 'expires', 3)
      publish(publisher, 'stays', 100)
      broker.clock.shiftWallTime(shiftMs)
      broker.advance(2_000)
      publish(publisher, 'later', 100)
      broker.advance(2_000)
      expect(comeBack(broker)).toEqual(['stays 96', 'later 98'])
    },
  )

  it('ME-13: retained messages and sessions do not expire early either when the clock is set', async () => {
    const { broker, publisher } = await start()
    publisher.publish('r', 'kept', { retain: true, properties: { messageExpiryInterval: 100 } })
    const brief = MemoryClient.connect(broker, 'brief', {
      isPersistent: true,
      connect: { properties: { sessionExpiryInterval: 100 } },
    })
    brief.drop()
    broker.clock.shiftWallTime(HOUR_MS)
    broker.advance(10_000)
    const back = MemoryClient.open(broker, 'brief', {
      isPersistent: true,
      connect: { properties: { sessionExpiryInterval: 100 } },
    })
    expect(back.takeFirst(PacketType.CONNACK)).toMatchObject({ sessionPresent: true })
    back.subscribe(['r'])
    expect(back.takePublishes().map(({ properties }) => properties?.messageExpiryInterval)).toEqual([90])
  })

  // [MQTT-3.3.2-5] The monotonic clock of the new process starts anywhere; only that of the wall goes on.
  it('ME-13 ME-14: over a restart the clock of the wall counts', async () => {
    const store = new MemoryStore()
    const first = await MemoryBroker.start({ store })
    const subscriber = MemoryClient.connect(first, 'subscriber', { isPersistent: true })
    subscriber.subscribe(['t'], 1)
    subscriber.drop()
    first.advance(500_000)
    const publisher = MemoryClient.connect(first, 'publisher')
    publish(publisher, 'expires', 60)
    publish(publisher, 'stays', 1_000)
    publisher.drop()
    await first.broker.stop()

    const clock = new FakeClock()
    clock.shiftWallTime(500_000 + 100_000)
    const second = await MemoryBroker.start({ store, clock })
    second.advance(10_000)
    expect(comeBack(second)).toEqual(['stays 890'])
  })
})
