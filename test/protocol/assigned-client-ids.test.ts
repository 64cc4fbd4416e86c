// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const CLIENTS = 1_000

/** Connects without a client identifier and returns the one that was assigned. */
function connectWithoutId(broker: MemoryBroker, isPersistent = false): { client: MemoryClient; clientId: string } {
  const client = MemoryClient.open(broker, '', { isPersistent })
  const connack = client.takeFirst<Connack>(PacketType.CONNACK)
  expect(connack).toMatchObject({ sessionPresent: false, reasonCode: 0 })
  return { client, clientId: connack.properties!.assignedClientIdentifier! }
}

describe('assigned client identifiers', () => {
  // [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]
  it('CO-20 CO-22: a session that began without an identifier is found with the one that was assigned', async () => {
    const broker = await MemoryBroker.start()
    const { client, clientId } = connectWithoutId(broker, true)
    client.subscribe(['t'], 1)
    client.drop()
    const publisher = MemoryClient.connect(broker, 'publisher')
    publisher.publish('t', 'm', { qos: 1 })
    const again = MemoryClient.open(broker, clientId, { isPersistent: true })
    const connack = again.takeFirst<Connack>(PacketType.CONNACK)
    expect(connack).toMatchObject({ sessionPresent: true, reasonCode: 0 })
    expect(connack.properties?.assignedClientIdentifier).toBeUndefined()
    expect(again.takePublishes().map(textOf)).toEqual(['m'])
  })

  it('CO-20: an assigned identifier is taken over like any other', async () => {
    const broker = await MemoryBroker.start()
    const { client, clientId } = connectWithoutId(broker)
    MemoryClient.connect(broker, clientId)
    expect(client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode).toBe(0x8e)
    expect(client.transport.isEnded).toBe(true)
  })

  // [MQTT-3.1.3-6] [MQTT4-3.1.3-6]
  it('CO-20: no two clients get the same identifier', async () => {
    const broker = await MemoryBroker.start()
    const clientIds = Array.from({ length: CLIENTS }, () => connectWithoutId(broker).clientId)
    expect(new Set(clientIds).size).toBe(CLIENTS)
    const clients = Array.from({ length: CLIENTS }, () =>
      MemoryClient.connect(broker, '', { version: ProtocolVersion.V3_1_1 }),
    )
    expect(clients.filter(({ transport }) => transport.isEnded)).toEqual([])
    expect(broker.broker.sessions.size).toBe(2 * CLIENTS)
  })

  it('C-04: an assigned identifier has the parts of one of HiveMQ', async () => {
    const broker = await MemoryBroker.start()
    const [first, second] = [connectWithoutId(broker).clientId, connectWithoutId(broker).clientId]
    const parts = /^hmq_([A-Za-z0-9]{5})_(\d+)_([0-9a-f]{32})$/
    expect(first).toMatch(parts)
    expect(second).toMatch(parts)
    const [, node, counter, hash] = parts.exec(first)!
    expect(parts.exec(second)![1]).toBe(node)
    expect(Number(parts.exec(second)![2])).toBeGreaterThan(Number(counter))
    expect(parts.exec(second)![3]).not.toBe(hash)
  })
})
