// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { ClientContext, Services, TopicPermission } from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

const initializing =
  (initialize: (context: ClientContext) => void) =>
  ({ initializers }: Services): void =>
    initializers.setClientInitializer(initialize)

function disconnectCodeOf(client: MemoryClient): number {
  return client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode
}

describe('client initializers', () => {
  it('are called once for each connection, when its session is there and before CONNACK', async () => {
    const seen: unknown[] = []
    await using broker = await startWithServices(
      {},
      initializing(({ client, connection }) => {
        const session = broker.broker.broker.sessions.get(client.clientId)!
        seen.push([client.clientId, connection.mqttVersion, session.isOnline])
      }),
    )
    MemoryClient.connect(broker.broker, 'five')
    MemoryClient.connect(broker.broker, 'old', { version: ProtocolVersion.V3_1 })
    expect(seen).toEqual([
      ['five', '5', false],
      ['old', '3.1', false],
    ])
  })

  it('give permissions that count at once, and may change them later', async () => {
    let context!: ClientContext
    await using broker = await startWithServices(
      {},
      initializing((given) => {
        context = given
        given.defaultPermissions.add({ topicFilter: 'own/#' })
      }),
    )
    const client = MemoryClient.connect(broker.broker, 'c')
    expect(client.subscribe(['own/a', 'other'])).toEqual([0, 0x87])
    const { defaultPermissions } = context
    expect(defaultPermissions.defaultBehaviour).toBe('deny')
    const other: TopicPermission = { topicFilter: 'other' }
    defaultPermissions.add(other)
    expect(client.subscribe(['other'])).toEqual([0])
    expect(defaultPermissions.list).toEqual([{ topicFilter: 'own/#' }, other])
    client.publish('other', 'x')
    expect(client.takePublishes().map(textOf)).toEqual(['x'])
    defaultPermissions.remove(other)
    client.publish('other', 'y')
    expect(disconnectCodeOf(client)).toBe(0x87)

    const again = MemoryClient.connect(broker.broker, 'c')
    context.defaultPermissions.clear()
    expect(again.subscribe(['anything'])).toEqual([0])
    context.defaultPermissions.defaultBehaviour = 'deny'
    expect(again.subscribe(['anything'])).toEqual([0x87])
    expect(() => context.defaultPermissions.add({ topicFilter: 'a/#/b' })).toThrow(TypeError)
    expect(() => {
      context.defaultPermissions.defaultBehaviour = 'maybe' as 'deny'
    }).toThrow(TypeError)
  })

  it('can take the permission away that a will needs', async () => {
    await using broker = await startWithServices(
      {},
      initializing(({ defaultPermissions }) => defaultPermissions.add({ topicFilter: 'own' })),
    )
    const watcher = MemoryClient.connect(broker.broker, 'watcher')
    watcher.subscribe(['own'])
    const willTo = (topicName: string): { connect: object } => ({
      connect: { will: { topicName, payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} } },
    })
    const refused = MemoryClient.open(broker.broker, 'c', willTo('other'))
    expect(refused.takeFirst<Connack>(PacketType.CONNACK)).toMatchObject({ reasonCode: 0x87, sessionPresent: false })
    expect(refused.transport.isEnded).toBe(true)
    expect(refused.take()).toEqual([])
    MemoryClient.connect(broker.broker, 'c', willTo('own')).drop()
    expect(watcher.takePublishes().map(textOf)).toEqual(['gone'])
  })

  it('of several extensions go by priority; one that fails or is asynchronous keeps nobody out', async () => {
    const order: string[] = []
    const extension = (name: string, fail: () => unknown) => ({
      start: ({ services }: { services: Services }) => {
        services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
        services.initializers.setClientInitializer(() => {
          order.push(name)
          return fail() as void
        })
        expect(() => services.initializers.setClientInitializer(5 as never)).toThrow(TypeError)
      },
    })
    await using broker = await ExtensionBroker.start({
      a: {
        extension: extension('a', () => {
          throw new Error('broken')
        }),
        priority: 1,
      },
      b: { extension: extension('b', () => Promise.reject(new Error('late'))), priority: 2 },
    })
    MemoryClient.connect(broker.broker, 'c')
    await broker.settle()
    expect(order).toEqual(['b', 'a'])
    expect(broker.log.warnings.map((line) => line.replace(/ \(.*\)/, ''))).toEqual([
      'WARN Extension b: the client initializer for client c returned a promise, for which nobody waits',
      'WARN Extension a: the client initializer failed for client c: Error: broken',
      'WARN Extension b: the client initializer failed for client c: Error: late',
    ])
  })
})
