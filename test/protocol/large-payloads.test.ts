// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bufferBytes } from '../support/collect-garbage.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { MemoryTransport } from '../support/memory-transport.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

// Each takes one or two seconds, but not on a machine that does other things too.
vi.setConfig({ testTimeout: 30_000 })

const MIB = 1024 * 1024

/** Takes everything and keeps only its beginning: for more clients with large messages than there is memory. */
class ForgetfulTransport extends MemoryTransport {
  received = 0
  head: Buffer = Buffer.alloc(0)

  override writeAll(chunks: readonly Buffer[]): boolean {
    for (const chunk of chunks) {
      this.received += chunk.length
      this.head = Buffer.concat([this.head, chunk.subarray(0, 32)]).subarray(0, 32)
    }
    return super.writeAll([])
  }

  forget(): void {
    this.received = 0
    this.head = Buffer.alloc(0)
  }
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('PI-31: 100 MiB arrive as they were, and others are served meanwhile', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const other = MemoryClient.connect(broker, 'other', { version })
    subscriber.subscribe(['t'])
    const payload = Buffer.alloc(100 * MIB)
    for (let at = 0; at < payload.length; at += 4) payload.writeUInt32BE(Math.imul(at, 0x9e3779b1) >>> 0, at)
    const packet = encodePacket(publisher.toPublish('t', payload), version)
    // In chunks, as sockets deliver them.
    for (let at = 0; at < packet.length; at += 64 * 1024) {
      publisher.sendBytes(packet.subarray(at, at + 64 * 1024))
      if (at % (16 * MIB) !== 0) continue
      other.send({ type: PacketType.PINGREQ })
      other.takeFirst(PacketType.PINGRESP)
    }
    const publishes = subscriber.takePublishes()
    expect(publishes).toHaveLength(1)
    expect(payload.equals(publishes[0]!.payload)).toBe(true)
    other.send({ type: PacketType.PINGREQ })
    other.takeFirst(PacketType.PINGRESP)
  })

  describe('PO-26: the memory of a message is free', () => {
    it('when the last of 1000 clients has acknowledged it', async () => {
      const { broker, transports, publisher } = await start(version, 1000)
      const packet = largePublish(publisher)
      const before = bufferBytes()
      publisher.sendBytes(packet)
      expect(publisher.take()).toHaveLength(1)
      // One copy for all of them.
      expect(bufferBytes() - before).toBeGreaterThan(0.9 * MIB)
      expect(bufferBytes() - before).toBeLessThan(8 * MIB)
      for (const transport of transports) {
        expect(transport.received).toBe(packet.length)
        transport.send(pubackFor(transport, packet))
      }
      broker.settle()
      expect(bufferBytes() - before).toBeLessThan(0.9 * MIB)
    })

    it('when it was acknowledged after a reconnect', async () => {
      const { broker, transports, publisher } = await start(version, 10)
      const packet = largePublish(publisher)
      const before = bufferBytes()
      publisher.sendBytes(packet)
      const pubacks = transports.map((transport) => pubackFor(transport, packet))
      for (const transport of transports) transport.drop()
      for (const [index, puback] of pubacks.entries()) {
        const transport = new ForgetfulTransport()
        MemoryClient.open(broker, nameOf(index), { version, transport, isPersistent: true })
        expect(transport.received).toBeGreaterThan(packet.length)
        transport.send(puback)
      }
      // Whatever is kept for the message at hand now stands for this one.
      publisher.publish('other', 'm')
      expect(bufferBytes() - before).toBeLessThan(0.9 * MIB)
    })

    it('when the sessions that did not acknowledge it are discarded', async () => {
      const { broker, transports, publisher } = await start(version, 10)
      const packet = largePublish(publisher)
      const before = bufferBytes()
      publisher.sendBytes(packet)
      for (const [index, transport] of transports.entries()) {
        transport.drop()
        MemoryClient.connect(broker, nameOf(index), { version, isPersistent: false })
      }
      publisher.publish('other', 'm')
      expect(bufferBytes() - before).toBeLessThan(0.9 * MIB)
      expect(packet.length).toBeGreaterThan(MIB)
    })
  })
})

const nameOf = (index: number): string => `subscriber-${index}`

interface Crowd {
  readonly broker: MemoryBroker
  readonly transports: readonly ForgetfulTransport[]
  readonly publisher: MemoryClient
}

/** A broker with so many persistent sessions that want `t` with QoS 1, and somebody who can publish it. */
async function start(version: ProtocolVersion, subscribers: number): Promise<Crowd> {
  const broker = await MemoryBroker.start()
  const transports = Array.from({ length: subscribers }, (_, index) => {
    const transport = new ForgetfulTransport()
    MemoryClient.open(broker, nameOf(index), { version, transport, isPersistent: true }).sendSubscribe(['t'], 1)
    broker.settle()
    transport.forget()
    return transport
  })
  return { broker, transports, publisher: MemoryClient.connect(broker, 'publisher', { version }) }
}

/** By itself, so that nothing but the packet is left of it. */
function largePublish(publisher: MemoryClient): Buffer {
  return encodePacket(publisher.toPublish('t', Buffer.alloc(MIB, 'm'), { qos: 1 }), publisher.version)
}

/** What the broker sends differs from what it got in the packet identifier only. */
function pubackFor({ head }: ForgetfulTransport, packet: Buffer): Buffer {
  const packetIdAt = packet.indexOf('t') + 1
  return Buffer.of(0x40, 2, head[packetIdAt]!, head[packetIdAt + 1]!)
}
