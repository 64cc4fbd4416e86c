// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { AuthorizationDecision, Authorizer } from '../../src/extension-sdk/authorizer.ts'
import { type Extension, ReasonCode } from '../../src/extension-sdk/extension.ts'
import type { TopicPermission } from '../../src/extension-sdk/topic-permission.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const { V3_1, V3_1_1 } = ProtocolVersion

/** Lets clients in with these permissions, and decides what they do. */
function security(authorizer: Authorizer, permissions: readonly TopicPermission[] = []): Extension {
  return {
    start({ services }) {
      services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success', permissions }) })
      services.security.setAuthorizer(authorizer)
    },
  }
}

/** Decisions that come when the test says so. */
class Decisions {
  readonly #waiting: ((decision: AuthorizationDecision) => void)[] = []

  readonly next = (): Promise<AuthorizationDecision> => new Promise((resolve) => this.#waiting.push(resolve))

  get waiting(): number {
    return this.#waiting.length
  }

  decide(decision: AuthorizationDecision): void {
    this.#waiting.shift()!(decision)
  }
}

async function start(authorizer: Authorizer, permissions?: readonly TopicPermission[]): Promise<ExtensionBroker> {
  return ExtensionBroker.start({ security: security(authorizer, permissions) })
}

function watcherOf(broker: ExtensionBroker): MemoryClient {
  const watcher = MemoryClient.connect(broker.broker, 'watcher')
  watcher.subscribe(['#'])
  return watcher
}

const denied = (topicName: string): AuthorizationDecision => ({ outcome: topicName === 'no' ? 'deny' : 'allow' })

describe('default permissions', () => {
  it('decide about PUBLISH, SUBSCRIBE and wills', async () => {
    const extension: Extension = {
      start: ({ services }) =>
        services.security.setAuthenticator({
          onConnect: () => ({
            outcome: 'success',
            permissions: [
              { topicFilter: 'own/#' },
              { topicFilter: 'in/#', activity: 'subscribe', qos: [0] },
              { topicFilter: 'out/#', activity: 'publish', retain: 'not-retained' },
              { topicFilter: 'work', sharedSubscription: 'shared', sharedGroup: 'g' },
            ],
          }),
        }),
    }
    await using broker = await ExtensionBroker.start({ extension })
    const client = MemoryClient.connect(broker.broker, 'c')
    const filters = ['own/a', 'in/a', 'out/a', 'work', '$share/g/work', '$share/h/work', '#']
    expect(client.subscribe(filters)).toEqual([0, 0, 0x87, 0x87, 0, 0x87, 0x87])
    expect(client.subscribe(['own/a', 'in/a'], 1)).toEqual([1, 0x87])
    client.publish('own/a', 'm')
    expect(client.takePublishes().map(textOf)).toEqual(['m'])
    client.publish('out/a', 'm', { qos: 1, retain: true })
    expect(client.take()).toMatchObject([
      { type: PacketType.PUBACK, reasonCode: 0x87 },
      { type: PacketType.DISCONNECT, reasonCode: 0x87 },
    ])
    const will = { topicName: 'in/a', payload: Buffer.from('m'), qos: 0, retain: false, properties: {} } as const
    const refused = MemoryClient.open(broker.broker, 'c', { connect: { will } })
    expect(refused.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x87)
  })

  it('the first that applies decides, also where it denies', async () => {
    const broker = await ExtensionBroker.start({
      extension: {
        start: ({ services }) =>
          services.security.setAuthenticator({
            onConnect: () => ({
              outcome: 'success',
              permissions: [{ topicFilter: 'a/secret', type: 'deny' }, { topicFilter: 'a/#' }],
            }),
          }),
      },
    })
    await using _ = broker
    const client = MemoryClient.connect(broker.broker, 'c')
    expect(client.subscribe(['a/secret', 'a/open', 'b'])).toEqual([0x87, 0, 0x87])
  })
})

describe('authorizers', () => {
  it.each([
    [{ outcome: 'allow' }, []],
    // There are no permissions to which it could be left.
    [{ outcome: 'next' }, [0x87, 0x87]],
    [{ outcome: 'deny' }, [0x87, 0x87]],
    [{ outcome: 'deny', reasonCode: ReasonCode.QUOTA_EXCEEDED }, [0x97, 0x87]],
    [{ outcome: 'deny', reasonCode: ReasonCode.SUCCESS }, [0x87, 0x87]],
    [{ outcome: 'disconnect' }, [0x87]],
    [{ outcome: 'disconnect', reasonCode: ReasonCode.ADMINISTRATIVE_ACTION }, [0x98]],
    ['nonsense', [0x87, 0x87]],
    [undefined, [0x87, 0x87]],
  ])('PUBLISH: %j', async (decision, codes) => {
    await using broker = await start({ authorizePublish: () => decision as AuthorizationDecision })
    const client = MemoryClient.connect(broker.broker, 'c')
    client.publish('t', 'm', { qos: 1 })
    const refusals = client.take().map((packet) => (packet as { reasonCode: number }).reasonCode)
    expect(refusals.filter((code) => code >= 0x80)).toEqual(codes)
  })

  it('an MQTT 3 client whose PUBLISH is denied is closed without a word', async () => {
    await using broker = await start({ authorizePublish: () => ({ outcome: 'deny' }) })
    const client = MemoryClient.connect(broker.broker, 'c', { version: V3_1_1 })
    client.publish('t', 'm', { qos: 1 })
    expect(client.take()).toEqual([])
    expect(client.transport.isEnded).toBe(true)
  })

  it('SUBSCRIBE: each filter is decided by itself', async () => {
    const decisions: Record<string, AuthorizationDecision> = {
      allowed: { outcome: 'allow' },
      next: { outcome: 'next' },
      permitted: { outcome: 'next' },
      denied: { outcome: 'deny' },
      full: { outcome: 'deny', reasonCode: ReasonCode.QUOTA_EXCEEDED, reasonString: 'no more' },
    }
    await using broker = await start(
      { authorizeSubscribe: ({ subscription }) => decisions[subscription.topicFilter]! },
      [{ topicFilter: 'permitted' }],
    )
    const client = MemoryClient.connect(broker.broker, 'c')
    expect(client.subscribe(Object.keys(decisions))).toEqual([0, 0x87, 0, 0x87, 0x97])
    const old = MemoryClient.connect(broker.broker, 'old', { version: V3_1 })
    old.sendSubscribe(['allowed', 'denied'])
    expect(old.take()).toEqual([])
    expect(old.transport.isEnded).toBe(true)
  })

  it('SUBSCRIBE: may end the connection', async () => {
    await using broker = await start({
      authorizeSubscribe: () => ({ outcome: 'disconnect', reasonCode: ReasonCode.QUOTA_EXCEEDED }),
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    client.sendSubscribe(['a', 'b'])
    expect(client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x97 }])
  })

  it('takes a SUBSCRIBE with as many filters as a packet may have', async () => {
    const asked = new Set<string>()
    await using broker = await start({
      authorizeSubscribe({ subscription }) {
        asked.add(subscription.topicFilter)
        return { outcome: 'allow' }
      },
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    const { maxTopicFilters } = broker.broker.broker.limits
    const codes = client.subscribe(Array.from({ length: maxTopicFilters }, (_, i) => `t/${i}`))
    expect(codes).toHaveLength(maxTopicFilters)
    expect(asked.size).toBe(maxTopicFilters)
  })

  // [MQTT-4.6.0-6] [MQTT4-4.6.0-6]
  it('OR-07: messages keep their order, however long each decision takes; other clients do not wait', async () => {
    const decisions = new Decisions()
    await using broker = await start({
      authorizePublish: ({ client, publish }) =>
        client.clientId === 'slow' ? decisions.next() : denied(publish.topicName),
    })
    const watcher = watcherOf(broker)
    const slow = MemoryClient.connect(broker.broker, 'slow')
    slow.send(
      slow.toPublish('t', 'one', { qos: 1, packetId: 1 }),
      slow.toPublish('t', 'two', { qos: 2, packetId: 2 }),
      slow.toPublish('t', 'three'),
      { type: PacketType.PINGREQ },
    )
    const quick = MemoryClient.connect(broker.broker, 'quick')
    quick.publish('t', 'quick')
    expect(watcher.takePublishes().map(textOf)).toEqual(['quick'])
    for (let i = 0; i < 3; i++) {
      // One at a time
      expect(decisions.waiting).toBe(1)
      decisions.decide({ outcome: 'allow' })
      await broker.settle()
    }
    expect(watcher.takePublishes().map(textOf)).toEqual(['one', 'two', 'three'])
    expect(slow.take().map(({ type }) => type)).toEqual([PacketType.PUBACK, PacketType.PUBREC, PacketType.PINGRESP])
  })

  it('sees what a topic alias stands for', async () => {
    const topics: string[] = []
    await using broker = await start({
      authorizePublish: ({ publish }) => {
        topics.push(publish.topicName)
        return { outcome: 'allow' }
      },
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    client.publish('t/long', 'm', { properties: { topicAlias: 1 } })
    client.publish('', 'm', { properties: { topicAlias: 1 } })
    expect(topics).toEqual(['t/long', 't/long'])
  })

  it('what follows a denied PUBLISH is thrown away', async () => {
    const decisions = new Decisions()
    await using broker = await start({
      authorizePublish: ({ client }) => (client.clientId === 'c' ? decisions.next() : { outcome: 'allow' }),
    })
    const watcher = watcherOf(broker)
    const client = MemoryClient.connect(broker.broker, 'c')
    client.publish('t', 'first')
    client.publish('t', 'second')
    decisions.decide({ outcome: 'deny' })
    await broker.settle()
    expect(decisions.waiting).toBe(0)
    expect(client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x87 }])
    expect(watcher.take()).toEqual([])
  })

  it('is told when the client is gone, and nothing comes of its answer', async () => {
    const decisions = new Decisions()
    let signal: AbortSignal | undefined
    await using broker = await start({
      authorizePublish: (event) => {
        ;({ signal } = event)
        return decisions.next()
      },
    })
    const watcher = watcherOf(broker)
    const client = MemoryClient.connect(broker.broker, 'c')
    client.publish('t', 'm')
    client.drop()
    expect(signal!.aborted).toBe(true)
    decisions.decide({ outcome: 'allow' })
    await broker.settle()
    expect(watcher.take()).toEqual([])
  })

  it('decides about the will, before any session is touched', async () => {
    const decisions = new Decisions()
    await using broker = await start({ authorizePublish: decisions.next })
    const holder = MemoryClient.connect(broker.broker, 'c')
    const will = { topicName: 't', payload: Buffer.from('m'), qos: 0, retain: false, properties: {} } as const
    const client = MemoryClient.open(broker.broker, 'c', { connect: { will } })
    decisions.decide({ outcome: 'deny' })
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x87)
    expect(holder.subscribe(['t'])).toEqual([0])
  })

  it('one that fails leaves it to the next; when none decides, it is denied', async () => {
    const failing: Authorizer = {
      authorizePublish: () => {
        throw new Error('broken')
      },
    }
    const start2 = (other: Authorizer): Promise<ExtensionBroker> =>
      ExtensionBroker.start({
        failing: { priority: 2, extension: security(failing, [{ topicFilter: '#' }]) },
        other: { priority: 1, extension: security(other) },
      })
    await using allowing = await start2({ authorizePublish: () => ({ outcome: 'allow' }) })
    const client = MemoryClient.connect(allowing.broker, 'c')
    client.publish('t', 'm', { qos: 1 })
    expect(client.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x10 }])
    expect(allowing.log.warnings[0]).toMatch(
      /^WARN Extension failing: authorizePublish failed for client c: Error: broken/,
    )
    // Not even what the permissions allow.
    await using leaving = await start2({ authorizePublish: () => ({ outcome: 'next' }) })
    const other = MemoryClient.connect(leaving.broker, 'c')
    other.publish('t', 'm', { qos: 1 })
    expect(other.take()).toMatchObject([{ reasonCode: 0x87 }, { type: PacketType.DISCONNECT, reasonCode: 0x87 }])
  })

  it.each([
    ['a promise', () => Promise.resolve({ authorizeSubscribe: () => ({ outcome: 'allow' }) })],
    ['a promise that fails', () => Promise.reject(new Error('too late'))],
    ['nothing that decides', () => ({ authoriseSubscribe: () => ({ outcome: 'deny' }) })],
    ['no object', () => 'allow'],
  ])('nothing is permitted where the function that makes one for a client returns %s', async (_what, make) => {
    await using broker = await start(make as unknown as Authorizer)
    const client = MemoryClient.connect(broker.broker, 'c')
    expect(client.subscribe(['t'])).toEqual([0x87])
    expect(broker.log.warnings.join()).toContain('expected an object')
  })

  it('is denied by one that gives no answer in time', async () => {
    await using broker = await start({ authorizePublish: new Decisions().next }, [{ topicFilter: '#' }])
    const client = MemoryClient.connect(broker.broker, 'c')
    client.publish('t', 'm')
    broker.broker.advance(10_100)
    expect(client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x87 }])
  })

  it('a client that waits for a decision is not taken for dead while it sends', async () => {
    const decisions = new Decisions()
    await using broker = await start({ authorizePublish: decisions.next })
    const client = MemoryClient.connect(broker.broker, 'c', { connect: { keepAliveSec: 2 } })
    client.publish('t', 'm')
    for (let i = 0; i < 4; i++) {
      broker.broker.advance(2_000)
      client.send({ type: PacketType.PINGREQ })
    }
    decisions.decide({ outcome: 'allow' })
    await broker.settle()
    expect(client.take().map(({ type }) => type)).toEqual(Array(4).fill(PacketType.PINGRESP))
  })

  it('nor when it has sent more than is kept for it meanwhile, so that it is not read any more', async () => {
    const decisions = new Decisions()
    await using broker = await start({ authorizePublish: decisions.next })
    const client = MemoryClient.connect(broker.broker, 'c', { connect: { keepAliveSec: 1 } })
    client.publish('t', 'm')
    for (let i = 0; i < 3; i++) client.publish('t', Buffer.alloc(30_000))
    expect(client.transport.isReadingPaused).toBe(true)
    broker.broker.advance(6_000)
    expect(client.transport.isEnded).toBe(false)
  })
})
