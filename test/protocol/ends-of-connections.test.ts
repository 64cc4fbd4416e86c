// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Authorizer } from '../../src/broker/authorizer.ts'
import type { Logger } from '../../src/broker/logger.ts'
import type { Connack } from '../../src/codec/connack.ts'
import type { Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes } from '../support/bytes.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

/** How long a peer may take to read its last packet and to close its side. */
const FEW_SECONDS_MS = 5_000

/** What a client of MQTT 5 is told at last; earlier ones are told nothing. */
function goodbye(version: ProtocolVersion, reasonCode: number): unknown[] {
  return version === ProtocolVersion.V5
    ? [expect.objectContaining({ type: PacketType.DISCONNECT, reasonCode }) as Packet]
    : []
}

class NotingLogger implements Logger {
  readonly errors: string[] = []
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(text: string): void {
    this.errors.push(text)
  }
}

/** An authorizer with a fault for topics that are named for it. */
const faultyAuthorizer: Authorizer = {
  mayPublish: (_client, topicName) => {
    if (topicName === 'fault') throw new Error('fault of ours')
    return true
  },
  maySubscribe: (_client, { filter }) => {
    if (filter === 'fault') throw new Error('fault of ours')
    return true
  },
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('ER-20 C-101: at shutdown every client is closed, and MQTT 5 clients are told', async () => {
    const broker = await MemoryBroker.start()
    const clients = ['a', 'b', 'c'].map((clientId) => MemoryClient.connect(broker, clientId, { version }))
    const silent = broker.open()
    const stopped = broker.broker.stop()
    broker.settle()
    for (const client of clients) {
      expect(client.take()).toEqual(goodbye(version, 0x8b))
      expect(client.transport.isEnded).toBe(true)
      // Nothing more is said, whatever the client says.
      client.sendBytes(bytes('C0 00'))
      expect(client.take()).toEqual([])
      client.drop()
    }
    expect(silent.isEnded).toBe(true)
    expect(silent.take()).toHaveLength(0)
    silent.drop()
    await stopped
  })

  it('C-101: a will that is published at shutdown waits for the session of a subscriber that was there', async () => {
    const broker = await MemoryBroker.start()
    const will = { topicName: 'w', payload: Buffer.from('gone'), qos: 1, retain: false, properties: {} } as const
    const early = MemoryClient.connect(broker, 'early', { version, isPersistent: true })
    early.subscribe(['w'], 1)
    MemoryClient.connect(broker, 'client', { version, connect: { will } })
    const late = MemoryClient.connect(broker, 'late', { version, isPersistent: true })
    late.subscribe(['w'], 1)
    await broker.restart()
    for (const subscriber of [early, late]) {
      // The will may have come before the goodbye, which is the last word.
      const packets = subscriber.take().filter(({ type }, i) => type !== PacketType.PUBLISH || i > 0)
      expect(packets).toEqual(goodbye(version, 0x8b))
    }
    for (const clientId of ['early', 'late']) {
      const again = MemoryClient.connect(broker, clientId, { version, isPersistent: true })
      expect(again.takePublishes().map(({ topicName }) => topicName)).toEqual(['w'])
    }
  })

  it('C-105: a client that does not read its last packet is let go after a few seconds', async () => {
    const broker = await MemoryBroker.start()
    const client = MemoryClient.connect(broker, 'client', { version })
    client.transport.isBlocked = true
    client.sendBytes(bytes('00 00'))
    expect(client.transport.isClosed).toBe(false)
    broker.advance(FEW_SECONDS_MS)
    expect(client.transport.isClosed).toBe(true)
    expect(broker.broker.connections.size).toBe(0)
  })

  it('C-105: a client that reads late gets its last packet', async () => {
    const broker = await MemoryBroker.start()
    const client = MemoryClient.connect(broker, 'client', { version })
    client.transport.isBlocked = true
    client.sendBytes(bytes('C0 00 C0 00 00 00'))
    broker.advance(500)
    client.transport.unblock()
    const pingresp = { type: PacketType.PINGRESP }
    expect(client.take()).toEqual([pingresp, pingresp, ...goodbye(version, 0x82)])
    expect(client.transport.isEnded).toBe(true)
  })

  it('C-105: a client that does not close its side is let go after a few seconds', async () => {
    const broker = await MemoryBroker.start()
    const client = MemoryClient.connect(broker, 'client', { version })
    client.sendBytes(bytes('00 00'))
    expect(client.take()).toEqual(goodbye(version, 0x82))
    expect(client.transport.isClosed).toBe(false)
    broker.advance(FEW_SECONDS_MS)
    expect(client.transport.isClosed).toBe(true)
    expect(broker.broker.connections.size).toBe(0)
  })

  // [MQTT-4.13.1-1] [MQTT4-4.8.0-1]
  it.each([`30 RL s'fault' [00] 'm'`, `32 RL s'fault' 0001 [00] 'm'`, `82 RL 0001 [00] s'fault' 00`])(
    'ER-22: a fault of the broker while it handles %s ends that connection only',
    async (packet) => {
      const logger = new NotingLogger()
      const broker = await MemoryBroker.start({ authorizer: faultyAuthorizer, logger })
      const other = MemoryClient.connect(broker, 'other', { version })
      const client = MemoryClient.connect(broker, 'client', { version })
      client.sendBytes(bytes(packet, version === ProtocolVersion.V5))
      expect(client.take()).toEqual(goodbye(version, 0x80))
      expect(client.transport.isEnded).toBe(true)
      expect(logger.errors).toHaveLength(1)
      expect(broker.broker.metrics.internalErrors).toBe(1)
      other.subscribe(['t'])
      other.publish('t', 'm')
      expect(other.takePublishes()).toHaveLength(1)
    },
  )

  it('ER-22: a fault of the broker while it handles CONNECT refuses the client', async () => {
    const logger = new NotingLogger()
    const broker = await MemoryBroker.start({ authorizer: faultyAuthorizer, logger })
    const will = { topicName: 'fault', payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} } as const
    const client = MemoryClient.open(broker, 'client', { version, connect: { will } })
    expect(client.transport.isEnded).toBe(true)
    expect(logger.errors).toHaveLength(1)
    if (version === ProtocolVersion.V5) {
      expect(client.takeFirst<Connack>(PacketType.CONNACK)).toMatchObject({ sessionPresent: false, reasonCode: 0x80 })
    }
    expect(client.take()).toEqual([])
    expect(broker.broker.sessions.size).toBe(0)
  })
})
