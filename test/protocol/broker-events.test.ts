// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { BrokerEvents } from '../../src/broker/broker-events.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { MemoryBroker, type MemoryBrokerOptions } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'

/** A broker, and in one line each what it tells of its clients. */
async function start(
  settings: MemoryBrokerOptions['settings'] = {},
): Promise<{ broker: MemoryBroker; told: string[] }> {
  const told: string[] = []
  const listener: Required<BrokerEvents> = {
    clientConnected: ({ clientId }, cleanStart) => told.push(`${clientId} connected, clean start ${cleanStart}`),
    clientDisconnected: ({ clientId }, { text }, given) =>
      told.push(`${clientId} gone: ${text}${given === undefined ? '' : `, ${given}`}`),
    messageDropped: ({ receiver, topicName, qos, reason, size, limit }) => {
      const who = receiver.isSharedGroup ? receiver.key : receiver.clientId
      told.push(`${who} misses ${topicName} at ${qos}: ${reason}, ${size} of ${limit}`)
    },
    packetDropped: ({ clientId }, type, size, limit) => told.push(`${clientId} misses a ${type}: ${size} of ${limit}`),
    sessionExpired: (clientId, atWall) => told.push(`${clientId} expired at ${atWall}`),
  }
  return { broker: await MemoryBroker.start({ settings, listener }), told }
}

describe('broker events', () => {
  it('tell of a client that comes and goes', async () => {
    const { broker, told } = await start()
    const client = MemoryClient.connect(broker, 'c')
    expect(told).toEqual(['c connected, clean start true'])
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: { reasonString: 'lunch' } })
    expect(told.slice(1)).toEqual(['c gone: Client sent DISCONNECT, lunch'])
    MemoryClient.connect(broker, 'd', { version: ProtocolVersion.V3_1_1, isPersistent: true }).drop()
    expect(told.slice(2)).toEqual(['d connected, clean start false', 'd gone: Connection was lost'])
  })

  it('tell of take-over in its order', async () => {
    const { broker, told } = await start()
    MemoryClient.connect(broker, 'c')
    MemoryClient.connect(broker, 'c')
    expect(told.slice(1)).toEqual([
      'c gone: Another client connected with the same client id',
      'c connected, clean start true',
    ])
  })

  it('tell of connections that are refused, and of those that send nothing', async () => {
    const { broker, told } = await start({ maxClientIdLength: 3, noConnectIdleTimeout: 100 })
    MemoryClient.open(broker, 'long')
    broker.open()
    broker.advance(1_000)
    expect(told).toEqual([' gone: Client identifier is too long', ' gone: No CONNECT sent in time'])
  })

  it('tell of sessions whose clients stayed away, and of no others', async () => {
    const { broker, told } = await start()
    const connect = { properties: { sessionExpiryInterval: 60 } }
    MemoryClient.connect(broker, 'brief', { connect }).drop()
    MemoryClient.connect(broker, 'none').drop()
    MemoryClient.connect(broker, 'long', { isPersistent: true }).drop()
    const goneAt = broker.clock.wallTime()
    told.length = 0
    broker.advance(61_000)
    expect(told).toEqual([`brief expired at ${goneAt + 60_000}`])
    MemoryClient.connect(broker, 'long', { connect: { cleanStart: true } })
    expect(told.slice(1)).toEqual(['long connected, clean start true'])

    MemoryClient.connect(broker, 'brief', { connect }).drop()
    const goneAgainAt = broker.clock.wallTime()
    told.length = 0
    await broker.restart(120_000)
    // With the moment at which it was due, not that of the start.
    expect(told).toEqual(['long gone: Server is shutting down', `brief expired at ${goneAgainAt + 60_000}`])
  })

  it('tell of messages that are given up, with what they are too large for', async () => {
    const { broker, told } = await start({ maxQueueSize: 1 })
    const publisher = MemoryClient.connect(broker, 'p')
    const small = MemoryClient.connect(broker, 'small', { connect: { properties: { maximumPacketSize: 20 } } })
    small.subscribe(['t'])
    const away = MemoryClient.connect(broker, 'away', { isPersistent: true })
    away.subscribe(['q', '$share/g/s'], 1)
    away.drop()
    told.length = 0
    publisher.publish('t', 'x'.repeat(30))
    for (const packetId of [1, 2]) publisher.publish('q', '', { qos: 2, packetId })
    for (const packetId of [3, 4]) publisher.publish('s', '', { qos: 1, packetId })
    expect(told).toEqual([
      `small misses t at 0: ${DropReason.MAX_PACKET_SIZE_EXCEEDED}, 36 of 20`,
      `away misses q at 1: ${DropReason.QUEUE_FULL}, 0 of 0`,
      `$share/g/s misses s at 1: ${DropReason.SHARED_QUEUE_FULL}, 0 of 0`,
    ])
  })

  it('tell of answers that a client does not take', async () => {
    const { broker, told } = await start()
    const client = MemoryClient.connect(broker, 'c', { connect: { properties: { maximumPacketSize: 20 } } })
    client.send({ type: PacketType.UNSUBSCRIBE, packetId: 1, topicFilters: Array.from({ length: 30 }, String) })
    expect(told.slice(1)).toEqual([
      `c misses a ${PacketType.UNSUBACK}: 35 of 20`,
      'c gone: The client does not take the answer to its packet',
    ])
  })

  it('tell of QoS 0 that is given up, with the memory that waits for the client', async () => {
    const { broker, told } = await start()
    const publisher = MemoryClient.connect(broker, 'p')
    const slow = MemoryClient.connect(broker, 'slow')
    slow.subscribe(['t'])
    slow.transport.isBlocked = true
    told.length = 0
    while (told.length === 0) publisher.publish('t', Buffer.alloc(1024 * 1024))
    const waiting = [...broker.broker.connections].find(({ clientId }) => clientId === 'slow')!.link.queuedBytes
    expect(told).toEqual([`slow misses t at 0: ${DropReason.QOS_0_MEMORY_EXCEEDED}, ${waiting} of ${5 * 1024 * 1024}`])
  })

  it('go to all who listen', async () => {
    const { broker, told } = await start()
    const others: string[] = []
    broker.broker.events.add({ clientConnected: ({ clientId }) => others.push(clientId) })
    MemoryClient.connect(broker, 'c')
    expect([told, others]).toEqual([['c connected, clean start true'], ['c']])
  })
})
