// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodePacket, type Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes } from '../support/bytes.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { randomNumbers } from '../support/random.ts'
import { denyingAuthorizer } from '../support/script/denying-authorizer.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'
import { startTcpTarget } from '../support/script/tcp-target.ts'

const CONNECTIONS = 50

function connectBytes(version: ProtocolVersion): Buffer {
  return encodePacket(
    {
      type: PacketType.CONNECT,
      protocolVersion: version,
      cleanStart: false,
      keepAliveSec: 0,
      clientId: 'id',
      properties: version === ProtocolVersion.V5 ? { sessionExpiryInterval: 60 } : {},
    },
    version,
  )
}

/** What the one that stays has got, and what the others have. */
function expectedPackets(version: ProtocolVersion, isOpen: boolean): unknown[] {
  const connack = expect.objectContaining({ type: PacketType.CONNACK, reasonCode: 0 }) as Packet
  const disconnect = expect.objectContaining({ type: PacketType.DISCONNECT, reasonCode: 0x8e }) as Packet
  return isOpen || version !== ProtocolVersion.V5 ? [connack] : [connack, disconnect]
}

describe.each([
  ...ALL_VERSIONS.map((version) => ({ name: versionName(version), versions: [version] })),
  { name: 'of all versions', versions: ALL_VERSIONS },
])('MQTT $name', ({ versions }) => {
  // [MQTT-3.1.4-3] [MQTT4-3.1.4-2]
  it.each([1, 2, 3])('CO-37 CO-35: of many connections at once with one client id one stays, seed %i', async (seed) => {
    const broker = await MemoryBroker.start()
    const random = randomNumbers(seed)
    const clients = Array.from({ length: CONNECTIONS }, (_, i) => {
      const version = versions[i % versions.length]!
      return { client: new MemoryClient(broker, version), rest: connectBytes(version) }
    })
    for (let open = clients; open.length > 0; open = clients.filter(({ rest }) => rest.length > 0)) {
      const next = open[random(open.length)]!
      const length = 1 + random(10)
      next.client.transport.send(next.rest.subarray(0, length))
      next.rest = next.rest.subarray(length)
      if (random(5) === 0) broker.settle()
    }
    broker.settle()
    const open = clients.filter(({ client }) => !client.transport.isEnded)
    expect(open).toHaveLength(1)
    for (const { client } of clients) {
      const isOpen = client === open[0]!.client
      expect(client.take()).toEqual(expectedPackets(client.version, isOpen))
      if (!isOpen) client.drop()
    }
    const survivor = open[0]!.client
    survivor.send({ type: PacketType.PINGREQ })
    expect(survivor.take()).toEqual([{ type: PacketType.PINGRESP }])
    expect(broker.broker.connections.size).toBe(1)
    expect(broker.broker.sessions.size).toBe(1)
    expect(broker.broker.metrics.connections).toBe(1)
  })
})

describe('over TCP', () => {
  it('CO-37: of many connections at once with one client id one stays', async () => {
    const target = await startTcpTarget({}, denyingAuthorizer([]))
    try {
      const streams = await Promise.all(Array.from({ length: CONNECTIONS }, () => target.open()))
      await Promise.all(streams.map((stream) => stream.send(connectBytes(ProtocolVersion.V5))))
      const isDone = (): boolean =>
        streams.filter(({ isEnded }) => !isEnded).length === 1 && streams.every(({ received }) => received.length > 0)
      for (let i = 0; i < 20 && !isDone(); i++) await target.settle(isDone)
      const open = streams.filter(({ isEnded }) => !isEnded)
      expect(open).toHaveLength(1)
      for (const { received } of streams) expect(received.toString('hex')).toMatch(/^2009/)
      for (const { received } of streams.filter(({ isEnded }) => isEnded)) {
        expect(received.subarray(11).toString('hex')).toMatch(/^e0..8e/)
      }
      const survivor = open[0]!
      survivor.take(0, survivor.received.length)
      await survivor.send(bytes('C0 00'))
      await target.settle(() => survivor.received.length >= 2)
      expect(survivor.received.toString('hex')).toBe('d000')
    } finally {
      await target.stop()
    }
  })
})
