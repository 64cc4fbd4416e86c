// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { AuthenticationDecision, ConnectEvent } from '../../src/extension-sdk/authenticator.ts'
import type { Awaitable, CallbackOptions } from '../../src/extension-sdk/callback.ts'
import { type Extension, ReasonCode, StartPrevented } from '../../src/extension-sdk/extension.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, type MemoryClientOptions, textOf } from '../support/memory-client.ts'

const { V3_1_1, V5 } = ProtocolVersion

function authenticator(
  onConnect: (event: ConnectEvent) => Awaitable<AuthenticationDecision>,
  options: CallbackOptions = {},
): Extension {
  return { start: ({ services }) => services.security.setAuthenticator({ onConnect }, options) }
}

/** A decision that comes when the test says so. */
class Decision {
  readonly promise: Promise<AuthenticationDecision>
  decide!: (decision: AuthenticationDecision) => void

  constructor() {
    this.promise = new Promise((resolve) => (this.decide = resolve))
  }
}

function connackOf(broker: ExtensionBroker, clientId: string, options: MemoryClientOptions = {}): Connack {
  return MemoryClient.open(broker.broker, clientId, options).takeFirst<Connack>(PacketType.CONNACK)
}

/** What the client of each version is refused with: reason code and string, return code, or nothing but the end. */
function refusalsOf(broker: ExtensionBroker): unknown[] {
  const { reasonCode, properties } = connackOf(broker, 'five')
  const three = MemoryClient.open(broker.broker, 'three', { version: V3_1_1 })
  const [packet] = three.take()
  return [reasonCode, properties?.reasonString, packet === undefined ? 'closed' : (packet as Connack).reasonCode]
}

describe('authenticators', () => {
  it('ER-42 C-10: without any, everybody is refused and the log says so', async () => {
    await using broker = await ExtensionBroker.start({})
    expect(refusalsOf(broker)).toEqual([0x87, 'Authentication failed, no authenticator registered', 5])
    expect(broker.log.warnings).toHaveLength(1)
    expect(broker.log.warnings[0]).toMatch(/^WARN No security extension present, MQTT clients can not connect/)
  })

  it.each([
    ['a ban', ReasonCode.BANNED, 0x8a, 5],
    ['a server that is busy', ReasonCode.SERVER_BUSY, 0x89, 3],
  ])('ER-47: tells of %s in the words of each version', async (_name, reasonCode, five, three) => {
    const refusing = authenticator(() => ({ outcome: 'fail', reasonCode, reasonString: 'no' }))
    await using broker = await ExtensionBroker.start({ refusing })
    expect(refusalsOf(broker)).toEqual([five, 'no', three])
  })

  it('sees the whole CONNECT, and the connection', async () => {
    const seen: ConnectEvent[] = []
    await using broker = await ExtensionBroker.start({
      seeing: authenticator((event) => {
        // The password is wiped when it returns.
        seen.push({ ...event, connect: { ...event.connect, password: Buffer.from(event.connect.password!) } })
        return { outcome: 'success' }
      }),
    })
    MemoryClient.connect(broker.broker, 'client', {
      connect: { userName: 'user', password: Buffer.from('password'), properties: { userProperties: [['a', 'b']] } },
    })
    expect(seen[0]!.connect).toMatchObject({
      mqttVersion: '5',
      clientId: 'client',
      userName: 'user',
      password: Buffer.from('password'),
      userProperties: [['a', 'b']],
    })
    expect(seen[0]!.connection).toMatchObject({ remoteAddress: '192.0.2.1', listener: { name: 'memory', type: 'tcp' } })
  })

  it('gives the assigned client identifier', async () => {
    const ids: string[] = []
    await using broker = await ExtensionBroker.start({
      noting: authenticator(({ client }) => {
        ids.push(client.clientId)
        return { outcome: 'success' }
      }),
    })
    expect(connackOf(broker, '').properties?.assignedClientIdentifier).toBe(ids[0])
  })

  it.each([
    [{ outcome: 'fail' }, [0x87, 'Authentication failed', 5]],
    [{ outcome: 'fail', reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD, reasonString: 'no' }, [0x86, 'no', 4]],
    [{ outcome: 'fail', reasonCode: ReasonCode.CLIENT_IDENTIFIER_NOT_VALID }, [0x85, 'Authentication failed', 2]],
    [{ outcome: 'fail', reasonCode: ReasonCode.SERVER_BUSY }, [0x89, 'Authentication failed', 3]],
    [{ outcome: 'fail', reasonCode: ReasonCode.UNSPECIFIED_ERROR }, [0x80, 'Authentication failed', 'closed']],
    // Not codes of CONNACK that refuse, and what cannot be sent
    [{ outcome: 'fail', reasonCode: ReasonCode.SUCCESS }, [0x87, 'Authentication failed', 5]],
    [{ outcome: 'fail', reasonCode: ReasonCode.SESSION_TAKEN_OVER }, [0x87, 'Authentication failed', 5]],
    [{ outcome: 'fail', reasonString: 'a\0b' }, [0x87, 'Authentication failed', 5]],
    [{ outcome: 'next' }, [0x87, 'Authentication failed', 5]],
    [undefined, [0x87, 'Authentication failed, authenticator did not decide authenticity', 5]],
    [{ outcome: 'maybe' }, [0x87, 'Authentication failed, authenticator did not decide authenticity', 5]],
    [
      { outcome: 'success', permissions: [{ topicFilter: 'a/#/b' }] },
      [0x80, 'Authentication failed, exception in authenticator', 'closed'],
    ],
    [
      { outcome: 'success', userProperties: 'a=b' },
      [0x80, 'Authentication failed, exception in authenticator', 'closed'],
    ],
    ...[
      { clientSettings: { receiveMaximum: 0 } },
      { clientSettings: { queueSizeMaximum: 0 } },
      { clientSettings: null },
      { clearPassword: 'no' },
    ].map((more): [object, unknown] => [
      { outcome: 'success', ...more },
      [0x80, 'Authentication failed, exception in authenticator', 'closed'],
    ]),
  ])('%j refuses with %j', async (decision, refusals) => {
    await using broker = await ExtensionBroker.start({
      deciding: authenticator(() => decision as AuthenticationDecision),
    })
    expect(refusalsOf(broker)).toEqual(refusals)
  })

  it('that fails for every client is named ten times a minute, and then only counted', async () => {
    await using broker = await ExtensionBroker.start({
      throwing: authenticator(() => {
        throw new Error('broken')
      }),
    })
    for (let n = 0; n < 25; n++) MemoryClient.open(broker.broker, `c${n}`)
    expect(broker.log.warnings).toHaveLength(10)
    broker.broker.advance(60_100)
    expect(broker.log.warnings.slice(10)).toEqual([
      'WARN Extension throwing: 15 more warnings about onConnect within a minute were left out',
    ])
    MemoryClient.open(broker.broker, 'd')
    expect(broker.log.warnings).toHaveLength(12)
    expect(broker.log.warnings[11]).toContain('onConnect failed for client d: Error: broken')
    for (let n = 0; n < 10; n++) MemoryClient.open(broker.broker, `e${n}`)
    // What is left to be said is said when the extension ends.
    await broker.host.stop()
    expect(broker.log.warnings.at(-1)).toContain('1 more warnings about onConnect')
  })

  it('refuses with 0x80 when one throws, and names it', async () => {
    await using broker = await ExtensionBroker.start({
      throwing: authenticator(() => {
        throw new Error('broken')
      }),
      rejecting: authenticator(() => Promise.reject(new Error('broken too'))),
    })
    // "rejecting" comes first: same priority, and its id is smaller.
    const client = MemoryClient.open(broker.broker, 'c')
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x80)
    expect(broker.log.warnings[0]).toMatch(
      /^WARN Extension rejecting: onConnect failed for client c: Error: broken too/,
    )
  })

  it('asks by priority until one decides; permissions of those before it count', async () => {
    const asked: string[] = []
    const deciding = (name: string, decision: AuthenticationDecision): Extension =>
      authenticator(() => {
        asked.push(name)
        return decision
      })
    await using broker = await ExtensionBroker.start({
      low: { priority: 0, extension: deciding('low', { outcome: 'fail' }) },
      middle: { priority: 5, extension: deciding('middle', { outcome: 'success' }) },
      absent: {
        priority: 7,
        extension: { start: ({ services }) => services.security.setAuthenticator(() => undefined) },
      },
      high: {
        priority: 9,
        extension: deciding('high', { outcome: 'next', permissions: [{ topicFilter: 'mine/#' }] }),
      },
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    expect(asked).toEqual(['high', 'middle'])
    expect(client.subscribe(['mine/a', 'other'])).toEqual([0, 0x87])
  })

  it('passes user properties on, and lowers the receive maximum', async () => {
    await using broker = await ExtensionBroker.start({
      giving: authenticator(() => ({
        outcome: 'success',
        userProperties: [['site', 'aachen']],
        clientSettings: { receiveMaximum: 2 },
      })),
    })
    const client = MemoryClient.open(broker.broker, 'c')
    expect(client.takeFirst<Connack>(PacketType.CONNACK).properties?.userProperties).toEqual([['site', 'aachen']])
    client.subscribe(['t'], 1)
    for (let i = 0; i < 3; i++) client.publish('t', `m${i}`, { qos: 1, packetId: i + 1 })
    expect(client.take().filter(({ type }) => type === PacketType.PUBLISH)).toHaveLength(2)
  })

  it('says how many messages may wait for a client, until it comes again, also over a restart', async () => {
    const limits = [3, 2, undefined]
    const store = new MemoryStore()
    await using broker = await ExtensionBroker.start(
      {
        limiting: authenticator(({ client }) => {
          const limit = client.clientId === 'away' ? limits.shift() : undefined
          return { outcome: 'success', clientSettings: limit === undefined ? {} : { queueSizeMaximum: limit } }
        }),
      },
      { maxQueueSize: 4 },
      { store },
    )
    const leave = (): void => {
      const client = MemoryClient.connect(broker.broker, 'away', { isPersistent: true })
      client.sendSubscribe(['t'], 1)
      client.drop()
    }
    const queuedOf = (of: MemoryBroker): number => of.broker.sessions.get('away')!.load
    const publish = (to: MemoryBroker): void => {
      const publisher = MemoryClient.connect(to, 'publisher')
      for (let i = 0; i < 9; i++) publisher.publish('t', 'x', { qos: 1, packetId: i + 1 })
      publisher.drop()
    }
    leave()
    publish(broker.broker)
    expect(queuedOf(broker.broker)).toBe(3)
    // Fewer may wait than do: they stay.
    leave()
    publish(broker.broker)
    expect(queuedOf(broker.broker)).toBe(3)
    const restarted = await MemoryBroker.start({ store, clock: broker.broker.clock, settings: { maxQueueSize: 4 } })
    publish(restarted)
    expect(queuedOf(restarted)).toBe(3)
    restarted.broker.wheel.clear()
    leave()
    publish(broker.broker)
    expect(queuedOf(broker.broker)).toBe(4)
  })

  it('OR-07: what a client sends behind its CONNECT waits for the decision, in order', async () => {
    const decision = new Decision()
    await using broker = await ExtensionBroker.start({ slow: authenticator(() => decision.promise) })
    const client = MemoryClient.open(broker.broker, 'c', { version: V3_1_1 })
    client.sendSubscribe(['t'])
    client.publish('t', 'first')
    client.publish('t', 'second')
    await broker.settle()
    expect(client.take()).toEqual([])
    decision.decide({ outcome: 'success' })
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    client.takeFirst(PacketType.SUBACK)
    expect(client.takePublishes().map(textOf)).toEqual(['first', 'second'])
  })

  // [MQTT-3.1.4-6] [MQTT4-3.1.4-5]
  it('nothing that came behind a refused CONNECT is handled', async () => {
    const decision = new Decision()
    await using broker = await ExtensionBroker.start({
      slow: authenticator(({ client }) => (client.clientId === 'c' ? decision.promise : { outcome: 'success' })),
    })
    const watcher = MemoryClient.connect(broker.broker, 'watcher')
    watcher.subscribe(['#'])
    const client = MemoryClient.open(broker.broker, 'c')
    client.publish('t', 'm')
    decision.decide({ outcome: 'fail' })
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x87)
    expect(client.transport.isEnded).toBe(true)
    expect(watcher.take()).toEqual([])
  })

  it('reads no more than a bit of what is sent while it decides', async () => {
    const decision = new Decision()
    await using broker = await ExtensionBroker.start({ slow: authenticator(() => decision.promise) })
    const client = MemoryClient.open(broker.broker, 'c')
    const payload = Buffer.alloc(1000)
    for (let i = 0; i < 1000 && !client.transport.isReadingPaused; i++) client.publish('t', payload)
    const [connection] = broker.broker.broker.connections
    expect(client.transport.isReadingPaused).toBe(true)
    expect(connection!.reader.heldBytes).toBeLessThan(70_000)
    decision.decide({ outcome: 'success' })
    await broker.settle()
    expect(client.transport.isReadingPaused).toBe(false)
  })

  it('reads no more than some hundred chunks either, however small they are', async () => {
    await using broker = await ExtensionBroker.start({ slow: authenticator(() => new Decision().promise) })
    const client = MemoryClient.open(broker.broker, 'c')
    let chunks = 0
    for (; chunks < 2_000 && !client.transport.isReadingPaused; chunks++) client.sendBytes(Buffer.from([0xc0]))
    expect(chunks).toBeLessThan(1_000)
  })

  it('is told when the client is gone, and its answer lets nobody in', async () => {
    const decision = new Decision()
    let signal: AbortSignal | undefined
    await using broker = await ExtensionBroker.start({
      slow: authenticator((event) => {
        ;({ signal } = event)
        return decision.promise
      }),
    })
    const client = MemoryClient.open(broker.broker, 'c')
    client.drop()
    expect(signal!.aborted).toBe(true)
    decision.decide({ outcome: 'success' })
    await broker.settle()
    expect(broker.broker.broker.sessions.size).toBe(0)
    expect(broker.broker.broker.metrics.connections).toBe(0)
    expect(broker.log.warnings).toEqual([])
  })

  it('takes a session over only when it is authenticated', async () => {
    await using broker = await ExtensionBroker.start({
      picky: authenticator(({ connect }) => ({ outcome: connect.userName === 'good' ? 'success' : 'fail' })),
    })
    const holder = MemoryClient.connect(broker.broker, 'c', { connect: { userName: 'good' } })
    expect(connackOf(broker, 'c', { connect: { userName: 'bad' } }).reasonCode).toBe(0x87)
    holder.subscribe(['t'])
    MemoryClient.connect(broker.broker, 'c', { connect: { userName: 'good' } })
    expect(holder.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x8e }])
  })

  it('the last CONNECT of a client identifier has the session, however long extensions take over earlier ones', async () => {
    const decisions = [new Decision(), new Decision()]
    let asked = 0
    await using broker = await ExtensionBroker.start({ slow: authenticator(() => decisions[asked++]!.promise) })
    const first = MemoryClient.open(broker.broker, 'c')
    const second = MemoryClient.open(broker.broker, 'c')
    decisions[1]!.decide({ outcome: 'success' })
    await broker.settle()
    expect(second.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    decisions[0]!.decide({ outcome: 'success' })
    await broker.settle()
    expect(first.take()).toEqual([])
    expect(first.transport.isEnded).toBe(true)
    expect(second.subscribe(['t'])).toEqual([0])
  })

  it('gives up on one that does not answer', async () => {
    await using broker = await ExtensionBroker.start({ silent: authenticator(() => new Decision().promise) })
    const client = MemoryClient.open(broker.broker, 'c')
    broker.broker.advance(9_900)
    expect(client.take()).toEqual([])
    broker.broker.advance(200)
    const connack = client.takeFirst<Connack>(PacketType.CONNACK)
    expect(connack.properties?.reasonString).toBe('Authentication failed, authenticator timed out')
    expect(broker.log.warnings).toEqual([
      'WARN Extension silent: onConnect for client c gave no answer within 10000 ms',
    ])
  })

  it('asks the next one after a time limit of its own, if it wants that; a late answer does not count', async () => {
    const decision = new Decision()
    let signal: AbortSignal | undefined
    await using broker = await ExtensionBroker.start({
      slow: {
        priority: 1,
        extension: authenticator(
          (event) => {
            ;({ signal } = event)
            return decision.promise
          },
          { timeoutMs: 500, onTimeout: 'next' },
        ),
      },
      quick: authenticator(() => ({ outcome: 'success' })),
    })
    const client = MemoryClient.open(broker.broker, 'c')
    broker.broker.advance(600)
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    expect(signal!.aborted).toBe(true)
    decision.decide({ outcome: 'fail' })
    await broker.settle()
    expect(client.subscribe(['t'])).toEqual([0])
  })

  it('a client that thinks long about its CONNECT is cut, one that waits for an extension is not', async () => {
    const decision = new Decision()
    await using broker = await ExtensionBroker.start({
      slow: authenticator(() => decision.promise, { timeoutMs: 60_000 }),
    })
    const silent = broker.broker.open()
    const client = MemoryClient.open(broker.broker, 'c')
    broker.broker.advance(30_000)
    expect(silent.isEnded).toBe(true)
    decision.decide({ outcome: 'success' })
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
  })

  it('a stopped extension lets nobody in', async () => {
    const decision = new Decision()
    await using broker = await ExtensionBroker.start({ slow: authenticator(() => decision.promise) })
    const waiting = MemoryClient.open(broker.broker, 'waiting')
    await broker.host.stop()
    decision.decide({ outcome: 'success' })
    await broker.settle()
    expect(waiting.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x87)
    expect(connackOf(broker, 'later').properties?.reasonString).toBe(
      'Authentication failed, no authenticator registered',
    )
  })

  it.each<[string, object, string]>([
    ['is overwritten', {}, '\0\0\0\0\0\0'],
    ['is overwritten if that is wished for', { clearPassword: true }, '\0\0\0\0\0\0'],
    ['stays if that is wished for', { clearPassword: false }, 'secret'],
  ])('the password %s', async (_name, more, left) => {
    let password: Uint8Array | undefined
    await using broker = await ExtensionBroker.start({
      reading: authenticator(({ connect }) => {
        ;({ password } = connect)
        return { outcome: 'success', ...more }
      }),
    })
    MemoryClient.connect(broker.broker, 'c', { connect: { userName: 'u', password: Buffer.from('secret') } })
    expect(Buffer.from(password!).toString()).toBe(left)
  })

  it('registering what is none is refused at once, in the extension', async () => {
    await using broker = await ExtensionBroker.start({
      wrong: { start: ({ services }) => services.security.setAuthenticator({} as never) },
      later: {
        start() {
          throw new StartPrevented('there is no licence')
        },
      },
    })
    expect(broker.log.lines).toContain(
      'ERROR Extension with id "wrong" failed to start. The extension will be disabled.: expected an object with onConnect, or a function that returns one',
    )
    expect(broker.log.lines).toContain(
      'INFO Startup of extension with id "later" was prevented by itself: there is no licence',
    )
  })

  it('counts nobody twice when both versions are let in', async () => {
    await using broker = await ExtensionBroker.start({ open: authenticator(() => ({ outcome: 'success' })) })
    for (const version of [V3_1_1, V5]) MemoryClient.connect(broker.broker, `c${version}`, { version })
    expect(broker.broker.broker.metrics.connections).toBe(2)
  })
})
