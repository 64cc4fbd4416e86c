// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { bufferBytes, usedBytes } from '../support/collect-garbage.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { MemoryTransport } from '../support/memory-transport.ts'
import { startWithServices } from '../support/serving-extension.ts'

const CLIENTS = 200
/** What one client or one topic may take of memory for the few bytes that are kept of it. */
const ALLOWED_BYTES = 2_000

/** Publishes what makes the broker take and drop many short-lived buffers. */
function churn(publisher: MemoryClient): void {
  const properties = { messageExpiryInterval: 60, userProperties: [['name', 'x'.repeat(1_000)]] as [string, string][] }
  for (let i = 0; i < 100; i++) publisher.publish('churn', 'm', { properties })
}

it('the messages of a group go with it, although its topic is still known', async () => {
  const broker = await MemoryBroker.start()
  const publisher = MemoryClient.connect(broker, 'publisher')
  const member = MemoryClient.connect(broker, 'member', { connect: { properties: { receiveMaximum: 1 } } })
  member.subscribe(['$share/group/t'], 1)
  const before = bufferBytes()
  for (let i = 0; i < 500; i++) publisher.publish('t', Buffer.alloc(10_000), { qos: 1 })
  expect(bufferBytes() - before).toBeGreaterThan(4_000_000)
  member.drop()
  publisher.take()
  expect(bufferBytes() - before).toBeLessThan(500_000)
})

it('a session that waits for PUBREL does not hold the connection that it was on', async () => {
  const broker = await MemoryBroker.start()
  const transports = Array.from({ length: CLIENTS }, (_, i) => {
    const transport = new MemoryTransport()
    const client = MemoryClient.connect(broker, `client ${i}`, { isPersistent: true, transport })
    client.publish('t', 'm', { qos: 2 })
    client.drop()
    return new WeakRef(transport)
  })
  // Transports that are gone are forgotten by the broker in memory too.
  for (let i = 0; i < CLIENTS; i++) broker.open().drop()
  await endOfTurn()
  usedBytes()
  // The last one may still be somewhere on the stack.
  expect(transports.filter((transport) => transport.deref() !== undefined).length).toBeLessThan(2)
})

it('wills hold on to no memory that others have used', async () => {
  const broker = await MemoryBroker.start()
  const publisher = MemoryClient.connect(broker, 'publisher')
  churn(publisher)
  const before = bufferBytes()
  const clients: MemoryClient[] = []
  for (let i = 0; i < CLIENTS; i++) {
    const properties = { contentType: 'text/plain' }
    const will = { topicName: 'will', payload: Buffer.from('gone'), qos: 1, retain: false, properties } as const
    clients.push(MemoryClient.connect(broker, `client ${i}`, { connect: { will } }))
    churn(publisher)
  }
  expect((bufferBytes() - before) / clients.length).toBeLessThan(ALLOWED_BYTES)
})

it('topics hold on to no memory that others have used', async () => {
  const broker = await MemoryBroker.start()
  const publisher = MemoryClient.connect(broker, 'publisher')
  churn(publisher)
  const before = bufferBytes()
  for (let i = 0; i < CLIENTS; i++) {
    publisher.publish(`topic ${i}`, 'm')
    churn(publisher)
  }
  expect((bufferBytes() - before) / CLIENTS).toBeLessThan(ALLOWED_BYTES)
})

/** What is kept of 90 MB of topics, each 60 kB long. */
async function bytesOfLongTopics(broker: MemoryBroker): Promise<number> {
  const clients = Array.from({ length: 5 }, (_, i) => MemoryClient.connect(broker, `client ${i}`))
  const before = usedBytes()
  for (const [c, client] of clients.entries()) {
    for (let i = 0; i < 300; i++) client.publish(`${c}/${i}/${'x'.repeat(60_000)}`, 'm')
    await endOfTurn()
  }
  return usedBytes() - before
}

it('long topics are forgotten before they take much memory', async () => {
  expect(await bytesOfLongTopics(await MemoryBroker.start())).toBeLessThan(80e6)
})

it('so are decisions about them', async () => {
  await using broker = await startWithServices({}, ({ initializers }) =>
    initializers.setClientInitializer(({ defaultPermissions }) => defaultPermissions.add({ topicFilter: '+/#' })),
  )
  expect(await bytesOfLongTopics(broker.broker)).toBeLessThan(80e6)
})

it('one large fan-out does not leave the room that it took behind', async () => {
  const broker = await MemoryBroker.start()
  const publisher = MemoryClient.connect(broker, 'publisher')
  const subscribers = Array.from({ length: 1_000 }, (_, i) => {
    const subscriber = MemoryClient.connect(broker, `subscriber ${i}`)
    const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    // Each has a form of PUBLISH of its own.
    subscriber.send({
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      subscriptions: [{ topicFilter: 't', ...options }],
      properties: { subscriptionIdentifiers: [i + 1] },
    })
    return subscriber
  })
  publisher.publish('t', 'small')
  const before = bufferBytes()
  publisher.publish('t', Buffer.alloc(30_000))
  for (const subscriber of subscribers) {
    subscriber.take()
    subscriber.drop()
  }
  for (let i = 0; i < 200; i++) publisher.publish('t', 'small')
  // Slabs of links, of which some are kept to be used again, are not meant.
  expect(bufferBytes() - before).toBeLessThan(10_000_000)
})

it.each([undefined, 'method'])(
  'CONNECT is not kept when extensions have decided, with authentication method %s',
  async (method) => {
    await using broker = await ExtensionBroker.start({
      security: {
        start: ({ services: { security } }) =>
          method === undefined
            ? security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
            : security.setEnhancedAuthenticator({
                onConnect: () => ({ outcome: 'success' }),
                onAuth: () => ({ outcome: 'success' }),
              }),
      },
    })
    const connect = (i: number): MemoryClient => {
      const userProperties: [string, string][] = [['large', String(i).repeat(30_000)]]
      const properties = method === undefined ? { userProperties } : { userProperties, authenticationMethod: method }
      const will = { topicName: 'will', payload: Buffer.alloc(60_000), qos: 0, retain: false, properties: {} } as const
      const client = MemoryClient.connect(broker.broker, `client ${i}`, { connect: { will, properties } })
      client.take()
      return client
    }
    // Code that runs for the first time leaves something as well.
    connect(99)
    const before = usedBytes()
    const clients = Array.from({ length: 20 }, (_, i) => connect(i))
    // The will itself, once.
    expect((usedBytes() - before) / clients.length).toBeLessThan(75_000)
    expect(broker.broker.broker.metrics.wills).toBe(1 + clients.length)
  },
)
