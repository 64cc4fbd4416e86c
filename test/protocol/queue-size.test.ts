// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const QUEUE_SIZE = 1_000

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('C-33 C-34 C-37: by default 1000 messages wait for a client that is away, and what is new is dropped', async () => {
    const broker = await MemoryBroker.start()
    const away = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
    away.subscribe(['t'], 2)
    away.drop()
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    for (let i = 0; i < QUEUE_SIZE + 5; i++) {
      publisher.publish('t', String(i), { qos: 1 })
      expect(publisher.take()).toEqual([{ type: PacketType.PUBACK, packetId: 1, reasonCode: 0 }])
    }
    expect(broker.broker.metrics.dropped[DropReason.QUEUE_FULL]).toBe(5)
    const back = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
    const received: string[] = []
    for (let publishes = back.takePublishes(); publishes.length > 0; publishes = back.takePublishes()) {
      received.push(...publishes.map(textOf))
      for (const { packetId } of publishes) back.ack(PacketType.PUBACK, packetId!)
    }
    expect(received).toEqual(Array.from({ length: QUEUE_SIZE }, (_, i) => String(i)))
  })
})
