// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import type { Connack } from '../../src/codec/connack.ts'
import {
  type Extension,
  type ExtensionContext,
  InvalidTopicError,
  NoSuchClientError,
  OverloadError,
  type Publish,
  ReasonCode,
} from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Asks for six things at once, which are more than six steps. Says what was rejected, and with what. */
async function askForSix({ services }: ExtensionContext): Promise<string[]> {
  const { publish, retained, clients, subscriptions } = services
  const asked = [
    publish.publish({ topicName: 't', retain: true, payload: 'x' }),
    publish.publish({ topicName: 'u', retain: true, payload: 'x' }),
    retained.clear(),
    collect(clients.iterate()),
    clients.isConnected('c'),
    subscriptions.get('c'),
  ]
  const outcomes = await Promise.allSettled(asked)
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as Error).name : 'done'))
}

describe('all services', () => {
  it.each<['enforce' | 'count', string]>([
    ['enforce', 'RateLimitExceededError'],
    ['count', 'done'],
  ])('have a rate, if one is configured (%s), for each extension by itself', async (throttlingMode, refused) => {
    let asked: Promise<string[]>[] = []
    const asking: Extension = {
      start: (context) => void context.services.scheduler.every(1_000, () => void asked.push(askForSix(context))),
    }
    const settings = { extensionCallsPerSecond: 2, throttlingBurst: 2, throttlingMode }
    await using broker = await ExtensionBroker.start({ one: asking, other: asking }, settings)
    const askAgain = (): Promise<string[][]> => {
      asked = []
      broker.broker.advance(1_000)
      return Promise.all(asked)
    }
    const first = [...Array.from({ length: 4 }, () => 'done'), refused, refused]
    expect(await askAgain()).toEqual([first, first])
    const later = ['done', 'done', refused, refused, refused, refused]
    expect(await askAgain()).toEqual([later, later])
    expect(broker.broker.broker.metrics.throttledExtensions).toBe(12)
  })

  it('have none unless one is configured', async () => {
    await using broker = await startWithServices()
    const { clients } = broker.services
    await Promise.all(Array.from({ length: 1_000 }, () => clients.isConnected('c')))
    expect(broker.broker.broker.metrics.throttledExtensions).toBe(0)
  })
})

describe('the publish service', () => {
  it('publishes with all properties, also to topics that clients may not use', async () => {
    await using broker = await startWithServices()
    const client = MemoryClient.connect(broker.broker, 'c')
    client.subscribe(['a', '$SYS/#'], 1)
    await broker.services.publish.publish({
      topicName: 'a',
      payload: 'hello',
      qos: 1,
      payloadFormatIndicator: 'utf-8',
      messageExpiryInterval: 60,
      responseTopic: 'r',
      correlationData: Buffer.of(1, 2),
      contentType: 'text/plain',
      userProperties: [['k', 'v']],
    })
    await broker.services.publish.publish({ topicName: '$SYS/x' })
    const [first, second] = client.takePublishes()
    expect(first).toMatchObject({ topicName: 'a', qos: 1, retain: false })
    expect(textOf(first!)).toBe('hello')
    expect(first!.properties).toEqual({
      payloadFormatIndicator: 1,
      messageExpiryInterval: 60,
      responseTopic: 'r',
      correlationData: Buffer.of(1, 2),
      contentType: 'text/plain',
      userProperties: [['k', 'v']],
    })
    expect(second).toMatchObject({ topicName: '$SYS/x', qos: 0, payload: Buffer.of() })
  })

  it('keeps the order of its calls, retains, and takes bytes as they are at the call’s turn', async () => {
    await using broker = await startWithServices()
    const client = MemoryClient.connect(broker.broker, 'c')
    client.subscribe(['#'])
    const { publish } = broker.services
    await Promise.all([1, 2, 3].map((n) => publish.publish({ topicName: 't', payload: String(n), retain: true })))
    expect(client.takePublishes().map(textOf)).toEqual(['1', '2', '3'])
    client.subscribe(['t'])
    expect(client.takePublishes().map(textOf)).toEqual(['3'])
  })

  it.each([
    [{ topicName: 'a/#' }, InvalidTopicError],
    [{ topicName: '' }, InvalidTopicError],
    [{ topicName: 'x'.repeat(11) }, InvalidTopicError],
    [{ topicName: 'a\0' }, TypeError],
    [{ topicName: 'a', qos: 2 }, TypeError],
    [{ topicName: 'a', retain: true }, TypeError],
    [{ topicName: 'a', payload: 5 }, TypeError],
    [{ topicName: 'a', payload: Buffer.of(0xff), payloadFormatIndicator: 'utf-8' }, TypeError],
    [{ topicName: 'a', messageExpiryInterval: -1 }, TypeError],
    [{ topicName: 'a', userProperties: [['a']] }, TypeError],
    [{ topicName: 'a', userProperties: [['a', '\ud800']] }, TypeError],
    [{ topicName: 'a', responseTopic: '+' }, TypeError],
    [null, TypeError],
  ])('refuses %j', async (message, error) => {
    await using broker = await startWithServices({ maxQos: 1, retainedMessagesEnabled: false, maxTopicLength: 10 })
    await expect(broker.services.publish.publish(message as Publish)).rejects.toBeInstanceOf(error)
  })

  it('reaches one client, as its subscription says, and nobody else', async () => {
    await using broker = await startWithServices()
    const { publish } = broker.services
    const client = MemoryClient.connect(broker.broker, 'c')
    const other = MemoryClient.connect(broker.broker, 'o')
    client.subscribe(['a/+'], 1)
    other.subscribe(['a/+'], 1)
    const message: Publish = { topicName: 'a/b', payload: 'x', qos: 2, retain: true }
    await expect(publish.publishToClient(message, 'c')).resolves.toBe('successful')
    expect(client.takePublishes()).toMatchObject([{ topicName: 'a/b', qos: 1, retain: false }])
    await expect(publish.publishToClient({ topicName: 'b' }, 'c')).resolves.toBe('not-subscribed')
    await expect(publish.publishToClient(message, 'nobody')).resolves.toBe('not-subscribed')
    await expect(publish.publishToClient(message, '')).rejects.toBeInstanceOf(TypeError)
    expect(other.take()).toEqual([])
    // Nothing is retained.
    other.subscribe(['a/#'])
    expect(other.take()).toEqual([])
  })

  it('reaches the member of a group that is named, and a client that is away later', async () => {
    await using broker = await startWithServices()
    const members = ['one', 'two'].map((id) => MemoryClient.connect(broker.broker, id, { isPersistent: true }))
    for (const member of members) member.subscribe(['$share/g/a'], 1)
    const { publish } = broker.services
    for (let n = 0; n < 3; n++) await publish.publishToClient({ topicName: 'a', qos: 1 }, 'two')
    expect(members.map((member) => member.take().length)).toEqual([0, 3])
    members[1]!.drop()
    await publish.publishToClient({ topicName: 'a', payload: 'later', qos: 1 }, 'two')
    const again = MemoryClient.connect(broker.broker, 'two', { isPersistent: true })
    expect(again.takePublishes().map(textOf)).toContain('later')
  })

  it('is refused while memory is short', async () => {
    let share = 0.5
    await using broker = await startWithServices({}, undefined, { memoryProbe: () => share })
    const { publish, retained } = broker.services
    await publish.publish({ topicName: 'a' })
    share = 0.99
    broker.broker.advance(10_000)
    await expect(publish.publish({ topicName: 'a' })).rejects.toBeInstanceOf(OverloadError)
    await expect(retained.addOrReplace({ topicName: 'a', payload: '1' })).rejects.toBeInstanceOf(OverloadError)
    await retained.remove('a')
  })

  it('is over with the broker', async () => {
    await using broker = await startWithServices()
    await broker.broker.broker.stop()
    await expect(broker.services.publish.publish({ topicName: 'a' })).rejects.toThrow('The broker has stopped')
  })
})

describe('the store of retained messages', () => {
  it('gives, replaces, removes, clears, and sends nothing to anybody', async () => {
    await using broker = await startWithServices()
    const { retained } = broker.services
    const client = MemoryClient.connect(broker.broker, 'c')
    client.subscribe(['#'])
    await expect(retained.get('a')).resolves.toBeUndefined()
    await retained.addOrReplace({ topicName: 'a', payload: '1', qos: 1, messageExpiryInterval: 60, contentType: 't' })
    await retained.addOrReplace({ topicName: '$a/b', payload: '2' })
    broker.broker.advance(10_000)
    await expect(retained.get('a')).resolves.toMatchObject({
      topicName: 'a',
      payload: Uint8Array.from(Buffer.from('1')),
      qos: 1,
      messageExpiryInterval: 50,
      contentType: 't',
    })
    expect((await collect(retained.iterate())).map(({ topicName }) => topicName).toSorted()).toEqual(['$a/b', 'a'])
    await expect(retained.addOrReplace({ topicName: 'a', payload: '' })).rejects.toBeInstanceOf(TypeError)
    await retained.remove('$a/b')
    await retained.remove('$a/b')
    expect(await collect(retained.iterate())).toHaveLength(1)
    expect(client.take()).toEqual([])
    client.subscribe(['a'])
    expect(client.takePublishes().map(textOf)).toEqual(['1'])
    for (let n = 0; n < 1200; n++) await retained.addOrReplace({ topicName: `many/${n}`, payload: 'x' })
    expect(await collect(retained.iterate())).toHaveLength(1201)
    await retained.clear()
    expect(await collect(retained.iterate())).toEqual([])
  })

  it('does not give what has expired, and stops when it is told to', async () => {
    await using broker = await startWithServices()
    const { retained } = broker.services
    await retained.addOrReplace({ topicName: 'a', payload: '1', messageExpiryInterval: 1 })
    await retained.addOrReplace({ topicName: 'b', payload: '1' })
    broker.broker.clock.advance(1_000)
    await expect(retained.get('a')).resolves.toBeUndefined()
    expect((await collect(retained.iterate())).map(({ topicName }) => topicName)).toEqual(['b'])
    await expect(collect(retained.iterate({ signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow(
      'enough',
    )
  })
})

describe('the client service', () => {
  it('knows who is connected, and all sessions', async () => {
    await using broker = await startWithServices()
    const { clients } = broker.services
    MemoryClient.connect(broker.broker, 'c', { isPersistent: true })
    MemoryClient.connect(broker.broker, 'away', { isPersistent: true }).drop()
    await expect(clients.isConnected('c')).resolves.toBe(true)
    await expect(clients.isConnected('away')).resolves.toBe(false)
    await expect(clients.isConnected('nobody')).resolves.toBe(false)
    await expect(clients.getSession('nobody')).resolves.toBeUndefined()
    const away = { clientId: 'away', sessionExpiryInterval: 3600, isConnected: false }
    await expect(clients.getSession('away')).resolves.toEqual(away)
    expect(await collect(clients.iterate())).toEqual([{ ...away, clientId: 'c', isConnected: true }, away])
  })

  it('DI-13 ER-21 C-103: ends a connection with 0x98, or the code that is given', async () => {
    await using broker = await startWithServices()
    const { clients } = broker.services
    const client = MemoryClient.connect(broker.broker, 'c')
    await expect(clients.disconnect('c')).resolves.toBe(true)
    expect(client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode).toBe(0x98)
    expect(client.transport.isEnded).toBe(true)
    await expect(clients.disconnect('c')).resolves.toBe(false)
    const again = MemoryClient.connect(broker.broker, 'c')
    await clients.disconnect('c', { reasonCode: ReasonCode.SERVER_BUSY, reasonString: 'later' })
    expect(again.takeFirst<Disconnect>(PacketType.DISCONNECT)).toMatchObject({
      reasonCode: 0x89,
      properties: { reasonString: 'later' },
    })
    const old = MemoryClient.connect(broker.broker, 'c', { version: ProtocolVersion.V3_1_1 })
    await clients.disconnect('c')
    expect(old.take()).toEqual([])
    expect(old.transport.isEnded).toBe(true)
  })

  it.each([
    [{ reasonCode: ReasonCode.DISCONNECT_WITH_WILL_MESSAGE }],
    [{ reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD }],
    [{ reasonString: 'a\0' }],
    [{ preventWill: 'yes' }],
  ])('does not disconnect with %j', async (options) => {
    await using broker = await startWithServices()
    MemoryClient.connect(broker.broker, 'c')
    await expect(broker.services.clients.disconnect('c', options as object)).rejects.toBeInstanceOf(TypeError)
    await expect(broker.services.clients.isConnected('c')).resolves.toBe(true)
  })

  it('C-103: publishes the will of a client that it disconnects, unless it is told not to', async () => {
    await using broker = await startWithServices()
    const watcher = MemoryClient.connect(broker.broker, 'watcher')
    watcher.subscribe(['w'])
    const will = { topicName: 'w', payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} } as const
    MemoryClient.connect(broker.broker, 'c', { connect: { will } })
    await broker.services.clients.disconnect('c', { preventWill: true })
    expect(watcher.take()).toEqual([])
    MemoryClient.connect(broker.broker, 'c', { connect: { will } })
    await broker.services.clients.disconnect('c')
    expect(watcher.takePublishes().map(textOf)).toEqual(['gone'])
  })

  it('SE-21: ends sessions, of clients that are there and of others; when they would have expired nothing happens', async () => {
    await using broker = await startWithServices()
    const { clients } = broker.services
    const away = MemoryClient.connect(broker.broker, 'away', { isPersistent: true })
    away.subscribe(['a'], 1)
    away.drop()
    await expect(clients.invalidateSession('away')).resolves.toBe(false)
    await expect(clients.getSession('away')).resolves.toBeUndefined()
    const there = MemoryClient.connect(broker.broker, 'there', { isPersistent: true })
    await expect(clients.invalidateSession('there')).resolves.toBe(true)
    expect(there.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode).toBe(0x98)
    await expect(clients.invalidateSession('there')).rejects.toBeInstanceOf(NoSuchClientError)
    broker.broker.advance(3_600_000 * 2)
    for (const id of ['away', 'there']) {
      const client = MemoryClient.open(broker.broker, id, { isPersistent: true })
      expect(client.takeFirst<Connack>(PacketType.CONNACK).sessionPresent).toBe(false)
    }
    expect(broker.log.warnings).toEqual([])
  })
})

describe('the store of subscriptions', () => {
  it('adds, replaces and removes; what it adds outlives a restart', async () => {
    await using broker = await startWithServices()
    const { subscriptions, publish } = broker.services
    const client = MemoryClient.connect(broker.broker, 'c', { isPersistent: true })
    await publish.publish({ topicName: 'a', payload: 'old', retain: true })
    await subscriptions.add('c', { topicFilter: 'a', qos: 1, subscriptionIdentifier: 7 }, { topicFilter: 'b' })
    // Retained messages are not sent.
    expect(client.take()).toEqual([])
    await publish.publish({ topicName: 'a', payload: 'new', qos: 1 })
    expect(client.takePublishes()).toMatchObject([{ qos: 1, properties: { subscriptionIdentifiers: [7] } }])
    await subscriptions.add('c', { topicFilter: 'a', qos: 0, retainAsPublished: true })
    const a = { topicFilter: 'a', qos: 0, noLocal: false, retainAsPublished: true, subscriptionIdentifier: undefined }
    await expect(subscriptions.get('c')).resolves.toEqual([a, { ...a, topicFilter: 'b', retainAsPublished: false }])
    await subscriptions.remove('c', 'b', 'never')
    await expect(subscriptions.get('c')).resolves.toEqual([a])
    await broker.broker.restart()
    await expect(subscriptions.get('c')).resolves.toEqual([a])
    await expect(subscriptions.get('nobody')).resolves.toEqual([])
  })

  it.each([
    ['nobody', { topicFilter: 'a' }, NoSuchClientError],
    ['c', { topicFilter: 'a/#/b' }, InvalidTopicError],
    ['c', { topicFilter: '+' }, InvalidTopicError],
    ['c', { topicFilter: '$share/g/a' }, InvalidTopicError],
    ['c', { topicFilter: 'a', qos: 3 }, TypeError],
    ['c', { topicFilter: 'a', subscriptionIdentifier: 0 }, TypeError],
    ['c', { topicFilter: 'a', noLocal: 1 }, TypeError],
  ])('refuses for %s %j, and adds none', async (clientId, wrong, error) => {
    await using broker = await startWithServices({
      wildcardSubscriptionsEnabled: false,
      sharedSubscriptionsEnabled: false,
    })
    const { subscriptions } = broker.services
    MemoryClient.connect(broker.broker, 'c')
    await expect(subscriptions.add(clientId, { topicFilter: 'ok' }, wrong as never)).rejects.toBeInstanceOf(error)
    await expect(subscriptions.get('c')).resolves.toEqual([])
    await expect(subscriptions.remove('c', 'a/#/b')).rejects.toBeInstanceOf(InvalidTopicError)
    await expect(subscriptions.remove('nobody', 'a')).rejects.toBeInstanceOf(NoSuchClientError)
  })

  it('finds subscribers by topic, by filter, and all', async () => {
    await using broker = await startWithServices()
    const { subscriptions } = broker.services
    const filters = { one: ['a/b', 'a/+'], two: ['$share/g/a/+'], three: ['#', '$share/g/a/+'], four: ['c'], none: [] }
    for (const [id, wanted] of Object.entries<string[]>(filters)) {
      const client = MemoryClient.connect(broker.broker, id)
      if (wanted.length > 0) client.subscribe(wanted)
    }
    const byTopic = async (type?: 'individual' | 'shared'): Promise<string[]> =>
      (await collect(subscriptions.subscribersForTopic('a/b', { ...(type && { type }) }))).toSorted()
    expect(await byTopic()).toEqual(['one', 'three', 'two'])
    expect(await byTopic('individual')).toEqual(['one', 'three'])
    expect(await byTopic('shared')).toEqual(['three', 'two'])
    await expect(collect(subscriptions.subscribersForTopic('a/+'))).rejects.toBeInstanceOf(InvalidTopicError)
    const byFilter = (type: 'all' | 'individual' | 'shared'): Promise<string[]> =>
      collect(subscriptions.subscribersWithFilter('a/+', { type }))
    expect(await byFilter('all')).toEqual(['one', 'two', 'three'])
    expect(await byFilter('individual')).toEqual(['one'])
    expect(await byFilter('shared')).toEqual(['two', 'three'])
    const all = await collect(subscriptions.iterate())
    expect(all.map(({ clientId }) => clientId)).toEqual(['one', 'two', 'three', 'four'])
    for await (const { clientId } of subscriptions.iterate()) {
      expect(clientId).toBe('one')
      break
    }
  })
})
