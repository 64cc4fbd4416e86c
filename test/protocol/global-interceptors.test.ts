// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Connect } from '../../src/codec/connect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import {
  type CallbackOptions,
  type ConnackPacket,
  type ConnectPacket,
  type GlobalInterceptors,
  ReasonCode,
} from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const { V3_1_1, V5 } = ProtocolVersion

interface World {
  readonly broker: ExtensionBroker
  /** Every CONNECT as the authenticator got it. */
  readonly connects: ConnectPacket[]
}

async function start(interceptors: GlobalInterceptors, options?: CallbackOptions): Promise<World> {
  const connects: ConnectPacket[] = []
  const broker = await ExtensionBroker.start(
    {
      e: {
        start({ services }) {
          services.security.setAuthenticator({
            onConnect({ connect }) {
              connects.push({ ...connect, ...(connect.password && { password: Buffer.from(connect.password) }) })
              return connect.userName === 'no' ? { outcome: 'fail', reasonString: 'no' } : { outcome: 'success' }
            },
          })
          services.interceptors.setGlobal(interceptors, options)
        },
      },
    },
    { maxClientIdLength: 20 },
  )
  return { broker, connects }
}

async function open(
  { broker }: World,
  id: string,
  connect: Partial<Connect> = {},
  version: ProtocolVersion = V5,
): Promise<MemoryClient> {
  const client = MemoryClient.open(broker.broker, id, { version, connect })
  await broker.settle()
  return client
}

function throwing(): never {
  throw new Error('broken')
}

describe('CONNECT', () => {
  it('is seen as the client sent it, and counts as it is changed', async () => {
    const seen: ConnectPacket[] = []
    const world = await start({
      connectInbound({ packet }) {
        seen.push(packet)
        if (packet.clientId === 'watcher') return undefined
        return {
          outcome: 'modify',
          changes: {
            clientId: 'new',
            cleanStart: false,
            keepAliveSec: 10,
            userName: 'user',
            password: Buffer.from('secret'),
            sessionExpiryInterval: 60,
            receiveMaximum: 1,
            maximumPacketSize: 1000,
            topicAliasMaximum: 3,
            requestProblemInformation: false,
            requestResponseInformation: true,
            will: { topicName: 'w', payload: Buffer.from('gone') },
            userProperties: [['k', 'v']],
          },
        }
      },
    })
    await using broker = world.broker
    const watcher = await open(world, 'watcher')
    watcher.takeFirst(PacketType.CONNACK)
    watcher.subscribe(['w'])
    const client = await open(world, 'old')
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    expect(seen[1]).toMatchObject({ clientId: 'old', cleanStart: true, userName: undefined, will: undefined })
    expect(world.connects[1]).toMatchObject({
      clientId: 'new',
      cleanStart: false,
      keepAliveSec: 10,
      userName: 'user',
      password: Buffer.from('secret'),
      receiveMaximum: 1,
      will: { topicName: 'w', qos: 0 },
      userProperties: [['k', 'v']],
    })
    expect(broker.broker.broker.sessions.get('old')).toBeUndefined()
    expect(broker.broker.broker.sessions.get('new')).toMatchObject({ expiryIntervalSec: 60 })
    client.drop()
    expect(watcher.takePublishes().map(textOf)).toEqual(['gone'])
  })

  it('can lose its will, user and password, and keep what extensions note of the connection', async () => {
    const world = await start({
      connectInbound({ connection }) {
        connection.attributes.set('seen', true)
        return {
          outcome: 'modify',
          changes: { will: undefined, userName: undefined, password: undefined, clientId: 'x' },
        }
      },
      connackOutbound: ({ connection, client }) => ({
        outcome: 'modify',
        changes: { userProperties: [[client.clientId, String(connection.attributes.get('seen'))]] },
      }),
    })
    await using _ = world.broker
    const will = { topicName: 'w', payload: Buffer.of(), qos: 0, retain: false, properties: {} } as const
    const client = await open(world, 'c', { will, userName: 'no', password: Buffer.from('p') })
    expect(client.takeFirst<Connack>(PacketType.CONNACK)).toMatchObject({
      reasonCode: 0,
      properties: { userProperties: [['x', 'true']] },
    })
    expect(world.connects).toMatchObject([{ userName: undefined, password: undefined, will: undefined }])
  })

  it.each<[string, NonNullable<GlobalInterceptors['connectInbound']>]>([
    ['throws', throwing],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['wants to prevent it', () => ({ outcome: 'prevent' }) as never],
    ['gives no identifier', () => ({ outcome: 'modify', changes: { clientId: '' } })],
    ['gives a long one', () => ({ outcome: 'modify', changes: { clientId: 'x'.repeat(21) } })],
    ['gives a will to the server', () => ({ outcome: 'modify', changes: { will: { topicName: '$SYS' } } })],
    ['gives a window of nothing', () => ({ outcome: 'modify', changes: { receiveMaximum: 0 } })],
    ['gives another version', () => ({ outcome: 'modify', changes: { mqttVersion: '5' } as never })],
  ])('is refused when an interceptor %s', async (_name, connectInbound) => {
    const world = await start({ connectInbound })
    await using broker = world.broker
    const client = await open(world, 'c')
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x80)
    expect(client.transport.isEnded).toBe(true)
    const old = await open(world, 'd', {}, V3_1_1)
    expect(old.take()).toEqual([])
    expect(old.transport.isEnded).toBe(true)
    expect(world.connects).toEqual([])
    expect(broker.log.warnings).toHaveLength(2)
  })

  it('with a method that nobody knows is refused, also if an interceptor has put it there', async () => {
    const world = await start({ connectInbound: () => ({ outcome: 'modify', changes: { authenticationMethod: 'M' } }) })
    await using _ = world.broker
    expect((await open(world, 'c')).takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x8c)
  })

  it('that is thought about for too long counts as the options say', async () => {
    const hanging = (): Promise<never> => new Promise(() => undefined)
    for (const [onTimeout, reasonCode] of [
      ['fail', 0x80],
      ['next', 0],
    ] as const) {
      const world = await start({ connectInbound: hanging }, { timeoutMs: 100, onTimeout })
      await using broker = world.broker
      const client = await open(world, 'c')
      broker.broker.advance(200)
      expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(reasonCode)
    }
  })
})

describe('CONNACK', () => {
  it('is seen in every version, and changed', async () => {
    const seen: ConnackPacket[] = []
    const world = await start({
      connackOutbound({ packet }) {
        seen.push(packet)
        return {
          outcome: 'modify',
          changes: { serverReference: 'there', userProperties: [['k', 'v']], sessionPresent: true },
        }
      },
    })
    await using _ = world.broker
    const client = await open(world, '')
    expect(client.takeFirst<Connack>(PacketType.CONNACK)).toMatchObject({
      sessionPresent: true,
      properties: { serverReference: 'there', userProperties: [['k', 'v']] },
    })
    expect(seen[0]).toMatchObject({ reasonCode: 0, sessionPresent: false, isRetainAvailable: true })
    expect(seen[0]!.assignedClientIdentifier).toMatch(/./)
    const old = await open(world, 'old', {}, V3_1_1)
    expect(old.take()).toEqual([{ type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0 }])
  })

  it('of a refusal gets other codes and words, but stays a refusal', async () => {
    const world = await start({
      connackOutbound: ({ packet }) =>
        packet.reasonCode === ReasonCode.NOT_AUTHORIZED
          ? { outcome: 'modify', changes: { reasonCode: ReasonCode.SERVER_BUSY, reasonString: 'later' } }
          : undefined,
    })
    await using _ = world.broker
    const client = await open(world, 'c', { userName: 'no' })
    expect(client.takeFirst<Connack>(PacketType.CONNACK)).toMatchObject({
      reasonCode: 0x89,
      properties: { reasonString: 'later' },
    })
    expect(client.transport.isEnded).toBe(true)
    const old = await open(world, 'c', { userName: 'no' }, V3_1_1)
    expect(old.take()).toMatchObject([{ reasonCode: 3 }])
  })

  it('comes before everything else, also when it is thought about', async () => {
    let answer!: () => void
    const held = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)))
    const world = await start({ connackOutbound: ({ packet }) => (packet.sessionPresent ? held : undefined) })
    await using broker = world.broker
    const persistent = { properties: { sessionExpiryInterval: 60 }, cleanStart: false }
    const first = await open(world, 'other')
    const before = await open(world, 'c', persistent)
    before.takeFirst(PacketType.CONNACK)
    before.sendSubscribe(['t'], 1)
    await broker.settle()
    before.drop()
    const client = await open(world, 'c', persistent)
    client.sendSubscribe(['t2'])
    first.publish('t', 'x', { qos: 1, packetId: 1 })
    await broker.settle()
    expect(client.take()).toEqual([])
    answer()
    await broker.settle()
    await broker.settle()
    expect(client.take().map(({ type }) => type)).toEqual([PacketType.CONNACK, PacketType.PUBLISH, PacketType.SUBACK])
  })

  it.each<[string, NonNullable<GlobalInterceptors['connackOutbound']>]>([
    ['throws', throwing],
    ['makes an error of a success', () => ({ outcome: 'modify', changes: { reasonCode: ReasonCode.SERVER_BUSY } })],
    ['gives a reason for a success', () => ({ outcome: 'modify', changes: { reasonString: 'fine' } })],
    ['gives information nobody asked for', () => ({ outcome: 'modify', changes: { responseInformation: 'r' } })],
  ])('is not sent when an interceptor %s: the connection is closed', async (_name, connackOutbound) => {
    const world = await start({ connackOutbound })
    await using broker = world.broker
    const client = await open(world, 'c')
    expect(client.take()).toEqual([])
    expect(client.transport.isEnded).toBe(true)
    expect(broker.log.warnings).toHaveLength(1)
    expect(broker.broker.broker.sessions.get('c')).toBeUndefined()
  })

  it('gives response information to who asks for it', async () => {
    const world = await start({
      connackOutbound: () => ({ outcome: 'modify', changes: { responseInformation: 'answers/here' } }),
    })
    await using _ = world.broker
    const client = await open(world, 'c', { properties: { requestResponseInformation: 1 } })
    expect(client.takeFirst<Connack>(PacketType.CONNACK).properties).toMatchObject({
      responseInformation: 'answers/here',
    })
  })
})

describe('global interceptors', () => {
  it('are an object with one of the two', async () => {
    const broker = await ExtensionBroker.start({
      e: { start: ({ services }) => services.interceptors.setGlobal({ publishInbound: throwing } as never) },
    })
    await using _ = broker
    expect(broker.log.warnings[0]).toContain('expected an object with connectInbound or connackOutbound')
  })
})
