// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Connect } from '../../src/codec/connect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { UserProperty } from '../../src/codec/property.ts'
import { bufferBytes } from '../support/collect-garbage.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import type { MemoryTransport } from '../support/memory-transport.ts'

const CONNECTIONS = 500
const USER_PROPERTIES = 100_000

describe('large CONNECT', () => {
  // [MQTT-3.1.0-1]
  it('FR-02 ER-01: an announced length reserves no memory before CONNECT', async () => {
    const broker = await MemoryBroker.start()
    const before = bufferBytes()
    const transports: MemoryTransport[] = []
    for (let i = 0; i < CONNECTIONS; i++) {
      const transport = broker.open()
      transport.send(Buffer.from('30ffffff7f', 'hex'))
      expect(transport.isEnded).toBe(true)
      expect(transport.take()).toHaveLength(0)
      transports.push(transport)
    }
    expect(bufferBytes() - before).toBeLessThan(1024 * 1024)
  })

  it('FR-02: a CONNECT that announces much takes no more memory than what has come of it', async () => {
    const broker = await MemoryBroker.start()
    const before = bufferBytes()
    const transports: MemoryTransport[] = []
    for (let i = 0; i < CONNECTIONS; i++) {
      const transport = broker.open()
      transport.send(Buffer.from('10ffffff7f00044d515454', 'hex'))
      transports.push(transport)
    }
    expect(transports.every(({ isEnded }) => !isEnded)).toBe(true)
    expect(bufferBytes() - before).toBeLessThan(CONNECTIONS * 8 * 1024)
    // They have no more time than any other connection.
    broker.advance(10_100)
    expect(transports.every(({ isEnded }) => isEnded)).toBe(true)
  })

  // [MQTT-3.2.2-19]
  it('a CONNECT that is refused for its length is answered as briefly as can be: what its client takes is not read', async () => {
    const broker = await MemoryBroker.start({ settings: { maxPacketSize: 100 } })
    const properties = { maximumPacketSize: 10, userProperties: [['name', 'x'.repeat(100)]] satisfies UserProperty[] }
    const client = MemoryClient.open(broker, 'client', { connect: { properties } })
    expect(client.transport.take()).toEqual(Buffer.from('2003009500', 'hex'))
  })

  it('CO-46: a CONNECT with 100 000 user properties is answered at once', async () => {
    const broker = await MemoryBroker.start()
    const userProperties = Array.from({ length: USER_PROPERTIES }, (): UserProperty => ['k', 'v'])
    const connect: Partial<Connect> = { properties: { userProperties } }
    const start = performance.now()
    const client = MemoryClient.open(broker, 'client', { connect })
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})
