// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { usedBytes } from '../support/collect-garbage.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

// Each takes one or two seconds, but not on a machine that does other things too.
vi.setConfig({ testTimeout: 30_000 })

const MIB = 1024 * 1024
/** HiveMQ's limit of QoS 0 output that waits for one client. */
const MAX_WAITING = 5 * MIB

/** What waits in the broker for a client to read it. */
function waitingBytes(broker: MemoryBroker, clientId: string): number {
  return [...broker.broker.connections].find((connection) => connection.clientId === clientId)!.link.queuedBytes
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // Not a whole gigabyte, which takes 5 s: the limit is passed 50 and 12 times as well.
  const payloadBytes = 64 * 1024
  const messages = (version === ProtocolVersion.V5 ? 256 * MIB : 64 * MIB) / payloadBytes

  it('PO-23 C-32: a client that does not read loses QoS 0 messages; the others get theirs at once', async () => {
    const broker = await MemoryBroker.start()
    const slow = MemoryClient.connect(broker, 'slow', { version })
    const quick = MemoryClient.connect(broker, 'quick', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    slow.subscribe(['t'])
    quick.subscribe(['t'])
    slow.transport.isBlocked = true
    const payload = Buffer.alloc(payloadBytes, 'm')
    const before = usedBytes()
    for (let i = 1; i <= messages; i++) {
      payload.writeUInt32BE(i)
      publisher.publish('t', payload)
      const got = quick.takePublishes()
      expect(got).toHaveLength(1)
      expect(Buffer.from(got[0]!.payload).readUInt32BE()).toBe(i)
    }
    expect(waitingBytes(broker, 'slow')).toBeLessThan(MAX_WAITING + 2 * payloadBytes)
    expect(usedBytes() - before).toBeLessThan(4 * MAX_WAITING)
    publisher.send({ type: PacketType.PINGREQ })
    publisher.takeFirst(PacketType.PINGRESP)

    // What waited arrives in its order, and all that did not is counted.
    slow.transport.unblock()
    const late = slow.takePublishes().map((publish) => Buffer.from(publish.payload).readUInt32BE())
    expect(late).toEqual(late.map((_, index) => index + 1))
    expect(late.length + broker.broker.metrics.dropped[DropReason.QOS_0_MEMORY_EXCEEDED]).toBe(messages)
    publisher.publish('t', 'behind')
    expect(slow.takePublishes().map(textOf)).toEqual(['behind'])
  })

  it('PO-23: a client that does not acknowledge has its window, its queue, and no more', async () => {
    const broker = await MemoryBroker.start({ settings: { maxQueueSize: 100 } })
    const slow = MemoryClient.connect(broker, 'slow', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    slow.subscribe(['t'], 1)
    slow.transport.isBlocked = true
    const before = usedBytes()
    for (let i = 1; i <= 2_000; i++) {
      publisher.publish('t', `${String(i).padStart(4, '0')}${'m'.repeat(10_000)}`, { qos: 1 })
      publisher.takeFirst(PacketType.PUBACK)
    }
    expect(usedBytes() - before).toBeLessThan(6 * MIB)
    expect(broker.broker.metrics.dropped[DropReason.QUEUE_FULL]).toBe(1_900)

    slow.transport.unblock()
    const arrived: number[] = []
    for (let got = slow.takePublishes(); got.length > 0; got = slow.takePublishes()) {
      for (const publish of got) {
        arrived.push(Number(textOf(publish).slice(0, 4)))
        slow.ack(PacketType.PUBACK, publish.packetId!)
      }
    }
    expect(arrived).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })
})
