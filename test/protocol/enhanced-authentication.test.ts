// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Auth } from '../../src/codec/auth.ts'
import type { Connack } from '../../src/codec/connack.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { PINGREQ } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Properties } from '../../src/codec/property.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import {
  type AuthEvent,
  type Awaitable,
  type CallbackOptions,
  type EnhancedAuthenticationDecision,
  type EnhancedAuthenticator,
  type Extension,
  ReasonCode,
} from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient, type MemoryClientOptions, textOf } from '../support/memory-client.ts'

const METHOD = 'CHALLENGE'
const SUCCESS = 'right'

function text(data: Uint8Array | undefined): string {
  return Buffer.from(data ?? []).toString()
}

/** Asks `1?`, `2?`, … until the client says `right`; anything that begins with `wrong` is refused. */
const challenging: EnhancedAuthenticator = {
  onConnect({ connect }) {
    if (connect.authenticationMethod !== METHOD) return { outcome: 'next' }
    return { outcome: 'continue', authenticationData: Buffer.from('1?') }
  },
  onAuth({ auth }) {
    const said = text(auth.authenticationData)
    if (said.startsWith('wrong')) return { outcome: 'fail', reasonString: 'no' }
    if (said !== SUCCESS) return { outcome: 'continue', authenticationData: Buffer.from(`${said}?`) }
    return { outcome: 'success', authenticationData: Buffer.from('welcome') }
  },
}

function extensionOf(authenticator: EnhancedAuthenticator, options?: CallbackOptions): Extension {
  return { start: ({ services }) => services.security.setEnhancedAuthenticator(authenticator, options) }
}

const start = (authenticator: EnhancedAuthenticator = challenging): Promise<ExtensionBroker> =>
  ExtensionBroker.start({ enhanced: extensionOf(authenticator) })

function open(broker: ExtensionBroker, id: string, properties: Properties = {}, more: object = {}): MemoryClient {
  const connect: MemoryClientOptions['connect'] = {
    properties: { authenticationMethod: METHOD, ...properties },
    ...more,
  }
  return MemoryClient.open(broker.broker, id, { connect })
}

function authOf(reasonCode: Auth['reasonCode'], data?: string, authenticationMethod = METHOD): Auth {
  const properties = { authenticationMethod, ...(data !== undefined && { authenticationData: Buffer.from(data) }) }
  return { type: PacketType.AUTH, reasonCode, properties }
}

const answer = (data: string): Auth => authOf(ReasonCode.CONTINUE_AUTHENTICATION, data)

const renew = (data = ''): Auth => authOf(ReasonCode.REAUTHENTICATE, data)

const takeAuth = (client: MemoryClient): Auth => client.takeFirst<Auth>(PacketType.AUTH)

const takeConnack = (client: MemoryClient): Connack => client.takeFirst<Connack>(PacketType.CONNACK)

const takeDisconnect = (client: MemoryClient): Disconnect => client.takeFirst<Disconnect>(PacketType.DISCONNECT)

function letIn(broker: ExtensionBroker, id: string, properties: Properties = {}, more: object = {}): MemoryClient {
  const client = open(broker, id, properties, more)
  takeAuth(client)
  client.send(answer(SUCCESS))
  expect(takeConnack(client).reasonCode).toBe(0)
  return client
}

function expectRefused(client: MemoryClient, reasonCode: number): void {
  expect(takeConnack(client)).toMatchObject({ sessionPresent: false, reasonCode })
  expect(client.take()).toEqual([])
  expect(client.transport.isEnded).toBe(true)
}

describe('enhanced authentication at CONNECT', () => {
  it('AU-02 AU-05: asks as often as it needs, with the method of CONNECT', async () => {
    // [MQTT-4.12.0-2] [MQTT-4.12.0-5]
    await using broker = await start()
    const client = open(broker, 'c')
    for (const said of ['1', '2', '3']) {
      expect(takeAuth(client)).toEqual({
        type: PacketType.AUTH,
        reasonCode: 0x18,
        properties: { authenticationMethod: METHOD, authenticationData: Buffer.from(`${said}?`) },
      })
      client.send(answer(String(Number(said) + 1)))
    }
    takeAuth(client)
    client.send(answer(SUCCESS))
    const { reasonCode, properties } = takeConnack(client)
    expect(reasonCode).toBe(0)
    expect(properties).toMatchObject({ authenticationMethod: METHOD, authenticationData: Buffer.from('welcome') })
    client.send(PINGREQ)
    expect(client.take()).toHaveLength(1)
  })

  it('AU-04: refuses at any step', async () => {
    // [MQTT-4.12.0-4]
    await using broker = await start()
    const client = open(broker, 'c')
    takeAuth(client)
    client.send(answer('2'))
    takeAuth(client)
    client.send(answer('wrong'))
    expect(takeConnack(client)).toMatchObject({ reasonCode: 0x87, properties: { reasonString: 'no' } })
    expect(client.transport.isEnded).toBe(true)
  })

  it('AU-01: a method that no authenticator takes up is refused, unless user and password decide', async () => {
    await using broker = await ExtensionBroker.start({
      enhanced: extensionOf(challenging),
      simple: {
        start: ({ services }) =>
          services.security.setAuthenticator({
            onConnect: ({ connect: { password } }) => ({ outcome: text(password) === 'p' ? 'success' : 'next' }),
          }),
      },
    })
    expectRefused(open(broker, 'c', { authenticationMethod: 'OTHER' }), 0x8c)
    const credentials = { userName: 'u', password: Buffer.from('p') }
    const client = open(broker, 'c', { authenticationMethod: 'OTHER' }, credentials)
    expect(takeConnack(client).reasonCode).toBe(0)
    // Asked about every client, also one without a method.
    expect(takeConnack(MemoryClient.open(broker.broker, 'd', { connect: credentials })).reasonCode).toBe(0)
    expect(takeConnack(MemoryClient.open(broker.broker, 'e')).reasonCode).toBe(0x87)
    const old = MemoryClient.open(broker.broker, 'f', { version: ProtocolVersion.V3_1_1, connect: credentials })
    expect(takeConnack(old).reasonCode).toBe(0)
  })

  it('CO-43 AU-16 ER-46: before CONNACK nothing but AUTH and DISCONNECT is taken', async () => {
    // [MQTT-3.1.2-30]
    let decide!: (decision: EnhancedAuthenticationDecision) => void
    const thinking = (): Promise<EnhancedAuthenticationDecision> => new Promise((resolve) => (decide = resolve))
    await using broker = await start({ onConnect: thinking, onAuth: thinking })
    const watcher = MemoryClient.open(broker.broker, 'watcher')
    decide({ outcome: 'success' })
    await broker.settle()
    takeConnack(watcher)
    watcher.subscribe(['#'])
    const publishing = open(broker, 'c')
    const publish = publishing.toPublish('t', 'x')
    // While the extension thinks.
    publishing.send(publish)
    expectRefused(publishing, 0x82)
    decide({ outcome: 'success' })
    await broker.settle()
    expect(publishing.take()).toEqual([])
    // While the client is asked.
    for (const packet of [publish, PINGREQ, authOf(ReasonCode.REAUTHENTICATE), authOf(ReasonCode.SUCCESS)]) {
      const client = open(broker, 'c')
      decide({ outcome: 'continue' })
      await broker.settle()
      takeAuth(client)
      client.send(packet)
      expectRefused(client, 0x82)
    }
    // AUTH that nobody has asked for.
    const eager = open(broker, 'c')
    eager.send(answer('1'))
    expectRefused(eager, 0x82)
    const changing = open(broker, 'c')
    decide({ outcome: 'continue' })
    await broker.settle()
    takeAuth(changing)
    changing.send(authOf(ReasonCode.CONTINUE_AUTHENTICATION, '1', 'OTHER'))
    expectRefused(changing, 0x8c)
    const malformed = open(broker, 'c')
    malformed.sendBytes(Buffer.of(0xf1, 0))
    expectRefused(malformed, 0x81)
    const leaving = open(broker, 'c')
    leaving.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    expect(leaving.take()).toEqual([])
    expect(leaving.transport.isEnded).toBe(true)
    expect(watcher.take()).toEqual([])
  })

  it('AU-15 ER-44: a client that does not answer within 30 seconds is refused, or within what the extension says', async () => {
    await using broker = await start({
      ...challenging,
      onConnect: ({ client }) =>
        client.clientId === 'slow' ? { outcome: 'continue', timeoutSeconds: 60 } : challenging.onConnect({} as never),
    })
    await using plain = await start()
    const client = open(plain, 'c')
    takeAuth(client)
    plain.broker.advance(29_000)
    expect(client.take()).toEqual([])
    plain.broker.advance(1_100)
    expectRefused(client, 0x87)
    const slow = open(broker, 'slow')
    takeAuth(slow)
    broker.broker.advance(59_000)
    slow.send(answer(SUCCESS))
    expect(takeConnack(slow).reasonCode).toBe(0)
    broker.broker.advance(60_000)
    expect(slow.take()).toEqual([])
  })

  it('ER-44: an extension that takes too long is not waited for, in any version', async () => {
    const hanging = (): Promise<never> => new Promise(() => undefined)
    await using broker = await start({ onConnect: hanging, onAuth: hanging })
    const five = open(broker, 'five')
    const plain = MemoryClient.open(broker.broker, 'plain')
    const old = MemoryClient.open(broker.broker, 'old', { version: ProtocolVersion.V3_1_1 })
    broker.broker.advance(30_000)
    for (const client of [five, plain]) expectRefused(client, 0x87)
    expect(old.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 5 }])
    expect(old.transport.isEnded).toBe(true)
  })

  it('AU-14: AUTH is kept within what the client takes', async () => {
    // [MQTT-3.15.2-2] [MQTT-3.15.2-3]
    const long = 'x'.repeat(100)
    await using broker = await start({
      ...challenging,
      onConnect: () => ({
        outcome: 'continue',
        authenticationData: Buffer.from('?'),
        reasonString: long,
        userProperties: [['k', long]],
      }),
    })
    const roomy = takeAuth(open(broker, 'c')).properties
    expect(roomy).toMatchObject({ reasonString: long, userProperties: [['k', long]] })
    const tight = open(broker, 'c', { maximumPacketSize: 60 })
    expect(takeAuth(tight).properties).toEqual({
      authenticationMethod: METHOD,
      authenticationData: Buffer.from('?'),
    })
    const tooTight = open(broker, 'c', { maximumPacketSize: 10 })
    expectRefused(tooTight, 0x95)
  })

  it.each<[string, EnhancedAuthenticationDecision, number]>([
    ['no decision', { outcome: 'maybe' } as never, 0x87],
    ['a wait of no time', { outcome: 'continue', timeoutSeconds: 0 }, 0x80],
    ['data that are none', { outcome: 'continue', authenticationData: 'x' as never }, 0x80],
    ['a reason that cannot be sent', { outcome: 'continue', reasonString: 'a\0' }, 0x80],
  ])('refuses when an extension answers %s', async (_name, decision, reasonCode) => {
    await using broker = await start({ ...challenging, onConnect: () => decision })
    expectRefused(open(broker, 'c'), reasonCode)
    expect(broker.log.warnings).toHaveLength(1)
  })

  it.each<EnhancedAuthenticationDecision>([
    { outcome: 'continue' },
    { outcome: 'success', authenticationData: Buffer.of(1) },
  ])('refuses a client without a method for which an extension says %j', async (decision) => {
    await using broker = await start({ ...challenging, onConnect: () => decision })
    expectRefused(MemoryClient.open(broker.broker, 'c'), 0x80)
    expect(broker.log.warnings[0]).toContain('the client gave no Authentication Method')
  })

  it('ends with the client, whose late answers nobody waits for', async () => {
    let signal: AbortSignal | undefined
    await using broker = await start({
      ...challenging,
      onAuth(event) {
        ;({ signal } = event)
        return new Promise(() => undefined)
      },
    })
    const client = open(broker, 'c')
    takeAuth(client)
    client.send(answer('1'))
    client.drop()
    expect(signal!.aborted).toBe(true)
    broker.broker.advance(60_000)
    expect(broker.log.warnings).toEqual([])
  })
})

describe('re-authentication', () => {
  it('AU-09: is answered with AUTH 0x00, after as many steps as it needs', async () => {
    const events: AuthEvent[] = []
    await using broker = await start({
      ...challenging,
      onAuth(event) {
        events.push(event)
        return challenging.onAuth(event)
      },
    })
    const client = letIn(broker, 'c')
    client.send(renew('one more'))
    expect(takeAuth(client)).toMatchObject({ reasonCode: 0x18 })
    client.send(answer(SUCCESS))
    expect(takeAuth(client)).toEqual({
      type: PacketType.AUTH,
      reasonCode: 0,
      properties: { authenticationMethod: METHOD, authenticationData: Buffer.from('welcome') },
    })
    expect(events.map(({ isReAuthentication }) => isReAuthentication)).toEqual([false, true, true])
    expect(events.map(({ auth: { reasonCode } }) => reasonCode)).toEqual([0x18, 0x19, 0x18])
    // And once more.
    client.send(renew(SUCCESS))
    expect(takeAuth(client).reasonCode).toBe(0)
  })

  it('AU-10: holds up nothing, neither while the client is asked nor while the extension thinks', async () => {
    let decide!: (decision: EnhancedAuthenticationDecision) => void
    const onReAuth = (): Awaitable<EnhancedAuthenticationDecision> => new Promise((resolve) => (decide = resolve))
    await using broker = await start({ ...challenging, onReAuth })
    const client = letIn(broker, 'c')
    client.subscribe(['t'])
    client.send(renew())
    client.publish('t', 'while it thinks')
    decide({ outcome: 'continue' })
    await broker.settle()
    expect(textOf(client.takeFirst(PacketType.PUBLISH))).toBe('while it thinks')
    takeAuth(client)
    client.publish('t', 'while it waits')
    client.send(answer(SUCCESS))
    expect(textOf(client.takeFirst(PacketType.PUBLISH))).toBe('while it waits')
    expect(takeAuth(client).reasonCode).toBe(0)
  })

  it('AU-08: that fails ends the connection with its code, and publishes the will', async () => {
    // [MQTT-4.12.1-2]
    await using broker = await start()
    const watcher = letIn(broker, 'watcher')
    watcher.subscribe(['w'])
    const will = { topicName: 'w', payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} }
    const client = letIn(broker, 'c', {}, { will })
    client.send(renew('wrong'))
    expect(takeDisconnect(client)).toMatchObject({ reasonCode: 0x87, properties: { reasonString: 'no' } })
    expect(client.transport.isEnded).toBe(true)
    expect(watcher.takePublishes().map(textOf)).toEqual(['gone'])
  })

  it('that is not answered in time, or out of turn, ends the connection', async () => {
    await using broker = await start()
    const silent = letIn(broker, 'c')
    silent.send(renew('1'))
    takeAuth(silent)
    broker.broker.advance(30_100)
    expect(takeDisconnect(silent).reasonCode).toBe(0x87)
    const twice = letIn(broker, 'c')
    twice.send(renew('1'), renew('1'))
    takeAuth(twice)
    expect(takeDisconnect(twice).reasonCode).toBe(0x82)
    const changing = letIn(broker, 'c')
    changing.send(renew('1'), authOf(ReasonCode.CONTINUE_AUTHENTICATION, '', 'OTHER'))
    takeAuth(changing)
    expect(takeDisconnect(changing).reasonCode).toBe(0x82)
  })

  it.each<[string, () => Awaitable<EnhancedAuthenticationDecision>, number]>([
    ['throws', () => Promise.reject(new Error('broken')), 0x80],
    ['says next', () => ({ outcome: 'next' }), 0x87],
    ['says nothing', () => undefined as never, 0x87],
    ['gives another code', () => ({ outcome: 'fail', reasonCode: ReasonCode.QUOTA_EXCEEDED }), 0x97],
    ['gives permissions that are none', () => ({ outcome: 'success', permissions: [{ topicFilter: '##' }] }), 0x80],
  ])('of an extension that %s ends the connection', async (_name, onReAuth, reasonCode) => {
    await using broker = await start({ ...challenging, onReAuth })
    const client = letIn(broker, 'c')
    client.send(renew())
    await broker.settle()
    expect(takeDisconnect(client).reasonCode).toBe(reasonCode)
  })

  it('can give other permissions, another window, and nothing at all', async () => {
    const decisions: EnhancedAuthenticationDecision[] = [
      {
        outcome: 'success',
        permissions: [{ topicFilter: 'new' }],
        clientSettings: { receiveMaximum: 1, queueSizeMaximum: 2 },
      },
      { outcome: 'success', userProperties: [['k', 'v']] },
    ]
    await using broker = await start({
      ...challenging,
      onAuth: () => ({ outcome: 'success', permissions: [{ topicFilter: 'old' }] }),
      onReAuth: () => decisions.shift()!,
    })
    const client = letIn(broker, 'c')
    expect(client.subscribe(['old', 'new'], 1)).toEqual([1, 0x87])
    client.send(renew())
    takeAuth(client)
    expect(client.subscribe(['old', 'new'], 1)).toEqual([0x87, 1])
    client.send(renew())
    expect(takeAuth(client).properties.userProperties).toEqual([['k', 'v']])
    for (const packetId of [1, 2, 3, 4]) client.publish('new', 'x', { qos: 1, packetId })
    const got = client.take().filter(({ type }) => type === PacketType.PUBLISH)
    expect(got).toHaveLength(1)
    // What is on its way counts as well.
    expect(broker.broker.broker.sessions.get('c')!.queue.length).toBe(1)
  })
})
