// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { ClientContext, GlobalInterceptors, Services, TopicPermission } from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

const initializing =
  (initialize: (context: ClientContext) => void) =>
  ({ initializers }: Services): void =>
    initializers.setClientInitializer(initialize)

function disconnectCodeOf(client: MemoryClient): number {
  return client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode
}

/** A broker that notes what happens in which order. */
async function startNoting(
  connackOutbound: NonNullable<GlobalInterceptors['connackOutbound']>,
  store: HeldStore = new HeldStore(),
): Promise<{ broker: ExtensionBroker; order: string[] }> {
  const order: string[] = []
  const setUp = ({ initializers, interceptors }: Services): void => {
    interceptors.setGlobal({
      connackOutbound(event) {
        order.push(`CONNACK ${event.packet.reasonCode}`)
        return connackOutbound(event)
      },
    })
    initializers.setClientInitializer(({ defaultPermissions }) => {
      order.push('initialised')
      defaultPermissions.add({ topicFilter: 'own/#' })
    })
  }
  return { broker: await startWithServices({}, setUp, { store }), order }
}

describe('client initializers and interceptors of CONNACK', () => {
  it('HiveMQ: CONNACK is seen first; while it is thought about nothing of the client is handled', async () => {
    let answer!: () => void
    const thought = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)))
    const store = new HeldStore()
    const { broker, order } = await startNoting(() => thought, store)
    await using _ = broker
    // The session has to be on the disk before: both make the client wait.
    store.isHeld = true
    const client = MemoryClient.open(broker.broker, 'c', { isPersistent: true })
    client.sendSubscribe(['own/a', 'other'])
    await broker.settle()
    expect(order).toEqual([])
    store.release()
    await broker.settle()
    expect([order, client.take()]).toEqual([['CONNACK 0'], []])
    answer()
    await broker.settle()
    expect(order).toEqual(['CONNACK 0', 'initialised'])
    expect(client.take()).toMatchObject([
      { type: PacketType.CONNACK, reasonCode: 0 },
      { type: PacketType.SUBACK, reasonCodes: [0, 0x87] },
    ])
  })

  it('it is the same at the end of an exchange of AUTH packets', async () => {
    const answers: (() => void)[] = []
    const later = <T>(value: T): Promise<T> => new Promise((resolve) => answers.push(() => resolve(value)))
    await using broker = await startWithServices({}, ({ security, interceptors, initializers }) => {
      security.setEnhancedAuthenticator({
        onConnect: () => ({ outcome: 'continue' }),
        onAuth: () => later({ outcome: 'success' } as const),
      })
      interceptors.setGlobal({ connackOutbound: () => later(undefined) })
      initializers.setClientInitializer(({ defaultPermissions }) => defaultPermissions.add({ topicFilter: 'own' }))
    })
    const properties = { authenticationMethod: 'M' }
    const client = MemoryClient.open(broker.broker, 'c', { connect: { properties } })
    await broker.settle()
    client.takeFirst(PacketType.AUTH)
    client.send({ type: PacketType.AUTH, reasonCode: 0x18, properties })
    answers.shift()!()
    await broker.settle()
    client.sendSubscribe(['own', 'other'])
    await broker.settle()
    expect([answers.length, client.take()]).toEqual([1, []])
    answers.shift()!()
    await broker.settle()
    expect(client.take()).toMatchObject([
      { type: PacketType.CONNACK, reasonCode: 0 },
      { type: PacketType.SUBACK, reasonCodes: [0, 0x87] },
    ])
  })

  it('a client whose CONNACK is prevented is not initialised', async () => {
    const { broker, order } = await startNoting(() => {
      throw new Error('broken')
    })
    await using _ = broker
    const client = MemoryClient.open(broker.broker, 'c')
    expect([order, client.take(), client.transport.isEnded]).toEqual([['CONNACK 0'], [], true])
  })

  it('what has become of CONNACK does not matter when an initialiser takes the will away: it is refused, and that is seen', async () => {
    const { broker, order } = await startNoting(() => ({
      outcome: 'modify',
      changes: { userProperties: [['k', 'v']] },
    }))
    await using _ = broker
    const will = { topicName: 'other', payload: Buffer.of(), qos: 0, retain: false, properties: {} } as const
    const client = MemoryClient.open(broker.broker, 'c', { connect: { will } })
    await broker.settle()
    expect(order).toEqual(['CONNACK 0', 'initialised', 'CONNACK 135'])
    expect(client.take()).toMatchObject([{ reasonCode: 0x87, properties: { userProperties: [['k', 'v']] } }])
  })

  it('a client that leaves meanwhile is not initialised', async () => {
    let answer!: () => void
    const thought = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)))
    const { broker, order } = await startNoting(() => thought)
    await using _ = broker
    const client = MemoryClient.open(broker.broker, 'c')
    await broker.settle()
    client.drop()
    answer()
    await broker.settle()
    expect(order).toEqual(['CONNACK 0'])
    expect(broker.broker.broker.sessions.get('c')).toBeUndefined()
  })

  it('a CONNACK that has become too large is sent as it was', async () => {
    const { broker, order } = await startNoting(() => ({
      outcome: 'modify',
      changes: { userProperties: [['k', 'v'.repeat(100)]] },
    }))
    await using _ = broker
    const client = MemoryClient.open(broker.broker, 'c', { connect: { properties: { maximumPacketSize: 50 } } })
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).properties?.userProperties).toBeUndefined()
    expect(order).toEqual(['CONNACK 0', 'initialised'])
  })
})

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
    expect(defaultPermissions.maySubscribe('$share/g/own/+', 2)).toBe(true)
    expect(defaultPermissions.maySubscribe('other', 0)).toBe(false)
    expect(defaultPermissions.maySubscribe('own/#/no filter', 0)).toBe(false)
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
