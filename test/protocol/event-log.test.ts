// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { EventLog } from '../../src/log/event-log.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemoryBroker, type MemoryBrokerOptions } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'

/** A broker with an event.log in memory; `take` gives what was written since, without the time. */
async function start(
  settings: MemoryBrokerOptions['settings'] = {},
): Promise<{ broker: MemoryBroker; take: () => string[]; raw: () => string }> {
  const clock = new FakeClock()
  let text = ''
  let taken = 0
  const target = {
    write: (line: string): void => {
      text += line
    },
    written: () => Promise.resolve(),
    flushSync: () => undefined,
  }
  const listener = new EventLog(target, () => clock.wallTime())
  const broker = await MemoryBroker.start({ settings, clock, listener })
  const take = (): string[] => {
    const lines = text.slice(taken).split('\n').slice(0, -1)
    taken = text.length
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d{3} - \S/)
    return lines.map((line) => line.slice('2026-01-01 00:00:00,000 - '.length))
  }
  return { broker, take, raw: () => text }
}

const away = { properties: { sessionExpiryInterval: 60 } }

describe('event.log', () => {
  it('has a line for a client that connects', async () => {
    const { broker, take } = await start({ sessionExpiryMaxInterval: 7200 })
    MemoryClient.connect(broker, 'five', { connect: away })
    MemoryClient.connect(broker, 'clean', { version: ProtocolVersion.V3_1_1 })
    MemoryClient.connect(broker, 'kept', { version: ProtocolVersion.V3_1, isPersistent: true })
    expect(take()).toEqual([
      'Client ID: five, IP: 192.0.2.1, Clean Start: true, Session Expiry: 60 connected.',
      'Client ID: clean, IP: 192.0.2.1, Clean Start: true, Session Expiry: 0 connected.',
      // MQTT 3 knows "as long as the broker allows".
      'Client ID: kept, IP: 192.0.2.1, Clean Start: false, Session Expiry: 7200 connected.',
    ])
  })

  it('has a line for each way in which a connection ends', async () => {
    const { broker, take } = await start({ maxKeepAlive: 10 })
    const disconnect = { type: PacketType.DISCONNECT, reasonCode: 0 } as const
    MemoryClient.connect(broker, 'c').send({ ...disconnect, properties: {} })
    MemoryClient.connect(broker, 'c').send({ ...disconnect, properties: { reasonString: 'Shift is over' } })
    MemoryClient.connect(broker, 'c').send({ ...disconnect, reasonCode: 4, properties: {} })
    MemoryClient.connect(broker, 'c').drop()
    MemoryClient.connect(broker, 'c')
    MemoryClient.connect(broker, 'c', { connect: { keepAliveSec: 10 } })
    broker.advance(16_000)
    expect(take().filter((line) => !line.includes('connected.') || line.includes('disconnected'))).toEqual([
      'Client ID: c, IP: 192.0.2.1 disconnected gracefully.',
      'Client ID: c, IP: 192.0.2.1 disconnected gracefully. Reason given by client: Shift is over',
      'Client ID: c, IP: 192.0.2.1 disconnected gracefully.',
      'Client ID: c, IP: 192.0.2.1 disconnected ungracefully from TCP Listener on port: 1883.',
      'Client ID: c, IP: 192.0.2.1 was disconnected. reason: Another client connected with the same client id..',
      'Client ID: c, IP: 192.0.2.1 was disconnected. reason: Client was idle for too long.',
    ])
  })

  it('has a line for connections that never became a client, but for those that just opened the port', async () => {
    const { broker, take } = await start({ allowEmptyClientIdEnabled: false, noConnectIdleTimeout: 100 })
    MemoryClient.open(broker, '')
    broker.open()
    broker.open().drop()
    broker.advance(200)
    expect(take()).toEqual([
      'Client ID: UNKNOWN, IP: 192.0.2.1 was disconnected. reason: Sent CONNECT with empty client id.',
      'Client ID: UNKNOWN, IP: 192.0.2.1 was disconnected. reason: No CONNECT sent in time.',
    ])
  })

  it('has a line for what is dropped, but not for what expires', async () => {
    const { broker, take } = await start({ maxQueueSize: 1 })
    const publisher = MemoryClient.connect(broker, 'p')
    const small = MemoryClient.connect(broker, 'small', { connect: { properties: { maximumPacketSize: 20 } } })
    small.subscribe(['t'])
    const slow = MemoryClient.connect(broker, 'slow')
    slow.subscribe(['big'])
    slow.transport.isBlocked = true
    const absent = MemoryClient.connect(broker, 'absent', { isPersistent: true })
    absent.subscribe(['q', '$share/g/s/+', 'e'], 2)
    absent.drop()
    take()
    publisher.publish('t', 'x'.repeat(30))
    for (const packetId of [1, 2]) publisher.publish('q', '', { qos: 2, packetId })
    for (const packetId of [3, 4]) publisher.publish('s/1', '', { qos: 1, packetId })
    publisher.publish('e', '', { qos: 1, packetId: 5, properties: { messageExpiryInterval: 0 } })
    for (let i = 0; i < 6; i++) publisher.publish('big', Buffer.alloc(1024 * 1024))
    small.send({ type: PacketType.UNSUBSCRIBE, packetId: 1, topicFilters: Array.from({ length: 30 }, String) })
    expect(take()).toEqual([
      'Outgoing publish message was dropped. Receiving client: small, topic: t, qos: 0, reason: Maximum packet size exceeded, size: 36 bytes, max: 20 bytes.',
      'Outgoing publish message was dropped. Receiving client: absent, topic: q, qos: 2, reason: The client message queue is full.',
      'Outgoing publish message was dropped. Receiving shared subscription group: g/s/+, topic: s/1, qos: 1, reason: The shared subscription message queue is full.',
      'Outgoing publish message was dropped. Receiving client: slow, topic: big, qos: 0, reason: The QoS 0 memory limit exceeded, size: 5,242,930 bytes, max: 5,242,880 bytes.',
      'Outgoing MQTT packet was dropped. Receiving client: small, messageType: UNSUBACK, reason: Maximum packet size exceeded, size: 35 bytes, max: 20 bytes.',
      'Client ID: small, IP: 192.0.2.1 was disconnected. reason: The client does not take the answer to its packet.',
    ])
  })

  it('has a line for a session that expires, with the time in UTC', async () => {
    const { broker, take } = await start()
    MemoryClient.connect(broker, 'gone', { connect: away }).drop()
    MemoryClient.connect(broker, 'with-its-connection').drop()
    take()
    const at = new Date(broker.clock.wallTime() + 60_000).toISOString().slice(0, 19).replace('T', ' ')
    broker.advance(61_000)
    expect(take()).toEqual([
      `Client ID: gone session has expired at ${at}. All persistent data for this client has been removed.`,
    ])
  })

  it('lets no client write lines, steer terminals, or fill the disk with one of them', async () => {
    const { broker, take, raw } = await start({ utf8ValidationEnabled: false })
    const client = MemoryClient.connect(broker, `a\n2026-01-01 00:00:00,000 - b\u001b[2J\u202e${'x'.repeat(60_000)}`)
    client.subscribe(['t'])
    client.send({
      type: PacketType.DISCONNECT,
      reasonCode: 0,
      properties: { reasonString: `\r\n${'y'.repeat(60_000)}` },
    })
    expect(take()).toHaveLength(2)
    expect(raw().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(raw().length).toBeLessThan(5_000)
  })
})
