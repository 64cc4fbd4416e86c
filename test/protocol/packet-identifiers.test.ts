// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

/** So many messages are sent to a client that acknowledges none. */
const WINDOW = 50
const LAST_PACKET_ID = 65_535

async function start(version: (typeof ALL_VERSIONS)[number]): Promise<{
  subscriber: MemoryClient
  publish: (count: number) => void
}> {
  const broker = await MemoryBroker.start()
  const subscriber = MemoryClient.connect(broker, 'subscriber', {
    version,
    connect: { properties: { receiveMaximum: 65_535 } },
  })
  subscriber.subscribe(['t'], 1)
  const publisher = MemoryClient.connect(broker, 'publisher', { version })
  return {
    subscriber,
    publish: (count) => {
      const packet = publisher.toPublish('t', 'm', { qos: 1, packetId: 1 })
      publisher.send(...Array.from({ length: count }, () => packet))
      publisher.take()
    },
  }
}

function takeIds(client: MemoryClient): number[] {
  return client.takePublishes().map((publish) => publish.packetId!)
}

function acknowledge(client: MemoryClient, packetIds: readonly number[]): void {
  client.send(...packetIds.map((packetId) => ({ type: PacketType.PUBACK, packetId, reasonCode: 0 }) as const))
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT-2.2.1-4] [MQTT4-2.3.1-4]
  it('FR-23 C-41: messages that wait for an acknowledgement have different identifiers', async () => {
    const { subscriber, publish } = await start(version)
    publish(2 * WINDOW)
    const first = takeIds(subscriber)
    expect(first).toHaveLength(WINDOW)
    acknowledge(subscriber, first)
    const second = takeIds(subscriber)
    expect(second).toHaveLength(WINDOW)
    expect(new Set([...first, ...second]).size).toBe(2 * WINDOW)
    expect([...first, ...second]).not.toContain(0)
  })

  // [MQTT-2.2.1-4] [MQTT4-2.3.1-4]
  it('FR-23: an identifier that waits for its acknowledgement is not used again, however many messages come', async () => {
    const { subscriber, publish } = await start(version)
    publish(3)
    const [first, held, last] = takeIds(subscriber)
    acknowledge(subscriber, [first!, last!])
    let total = 3
    let isWrapped = false
    let previous = last!
    while (total < LAST_PACKET_ID + 5 * WINDOW) {
      publish(WINDOW - 1)
      const packetIds = takeIds(subscriber)
      total += packetIds.length
      expect(packetIds).toHaveLength(WINDOW - 1)
      for (const packetId of packetIds) {
        if (packetId === held || packetId < 1 || packetId > LAST_PACKET_ID) expect.fail(`identifier ${packetId}`)
        // C-42: they rise and begin anew behind the last one, so that a late answer does not meet a new message.
        if (packetId <= previous) {
          expect(isWrapped).toBe(false)
          expect(previous).toBeGreaterThan(LAST_PACKET_ID - 2 * WINDOW)
          isWrapped = true
        }
        previous = packetId
      }
      acknowledge(subscriber, packetIds)
    }
    expect(isWrapped).toBe(true)
    acknowledge(subscriber, [held!])
    publish(WINDOW)
    expect(new Set(takeIds(subscriber)).size).toBe(WINDOW)
  })

  it('C-42: the identifier of an acknowledged message is not the next to be used', async () => {
    const { subscriber, publish } = await start(version)
    const used: number[] = []
    for (let i = 0; i < 1_000; i++) {
      publish(1)
      const packetIds = takeIds(subscriber)
      acknowledge(subscriber, packetIds)
      used.push(...packetIds)
    }
    expect(new Set(used).size).toBe(1_000)
  })
})
