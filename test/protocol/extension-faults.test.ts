// SPDX-License-Identifier: Apache-2.0
import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CloseReasons } from '../../src/broker/close-reason.ts'
import type { Connack } from '../../src/codec/connack.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import {
  type AuthenticationDecision,
  type Extension,
  ReasonCode,
  type Services,
} from '../../src/extension-sdk/extension.ts'
import { InvariantError } from '../../src/util/invariant.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

const OPEN_TO_ALL: Extension = {
  start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) }),
}

function throwing(): never {
  throw new Error('broken')
}

function withProperty(name: string, descriptor: PropertyDescriptor): object {
  return Object.defineProperty({}, name, descriptor)
}

describe('faults that nobody has caught', () => {
  it('are an extension’s where it was at work, and else the broker’s', async () => {
    const taken: boolean[] = []
    await using broker = await startWithServices({}, ({ events }) =>
      events.setClientLifecycleListener({
        onAuthenticationSuccessful() {
          taken.push(broker.host.takesFault(new Error('mine')), broker.host.takesFault(new InvariantError('ours')))
        },
      }),
    )
    expect(broker.host.takesFault(new Error('ours'))).toBe(false)
    MemoryClient.connect(broker.broker, 'c')
    expect(taken.splice(0)).toEqual([true, false])
    expect(broker.log.warnings).toHaveLength(1)
    expect(broker.log.warnings[0]).toMatch(/^WARN Extension serving: failed in its own work, .*: Error: mine/)
  })

  it('are the broker’s in what an extension has asked it for', async () => {
    const taken: boolean[] = []
    await using broker = await startWithServices()
    broker.broker.broker.events.add({
      clientDisconnected: () => taken.push(broker.host.takesFault(new Error('ours'))),
    })
    MemoryClient.connect(broker.broker, 'c')
    let done!: () => void
    const ended = new Promise<void>((resolve) => (done = resolve))
    broker.services.scheduler.after(10, async () => {
      await broker.services.clients.disconnect('c')
      taken.push(broker.host.takesFault(new Error('mine')))
      done()
    })
    broker.broker.advance(100)
    await ended
    expect(taken).toEqual([false, true])
  })
})

describe('an extension that registers twice', () => {
  it('is asked what it has registered last, once', async () => {
    const asked: string[] = []
    const register = ({ security, initializers, interceptors, events }: Services, name: string): void => {
      const note = (what: string): void => void asked.push(`${name} ${what}`)
      security.setAuthenticator({
        onConnect() {
          note('authenticates')
          return { outcome: 'success' }
        },
      })
      security.setAuthorizer({
        authorizePublish() {
          note('authorises')
          return { outcome: 'allow' }
        },
      })
      initializers.setClientInitializer(() => note('initialises'))
      interceptors.setGlobal({ connectInbound: () => note('intercepts') })
      events.setClientLifecycleListener({ onDisconnect: () => note('hears') })
    }
    await using broker = await startWithServices({}, (services) => {
      register(services, 'first')
      register(services, 'second')
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    client.publish('t', 'x')
    client.drop()
    expect(asked).toEqual([
      'second intercepts',
      'second authenticates',
      'second initialises',
      'second authorises',
      'second hears',
    ])
    expect(broker.log.warnings).toEqual([])
  })

  it('is asked as an enhanced authenticator where that came last', async () => {
    await using broker = await startWithServices({}, ({ security }) => {
      security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
      const refuse = (): AuthenticationDecision => ({ outcome: 'fail', reasonCode: ReasonCode.BANNED })
      security.setEnhancedAuthenticator({ onConnect: refuse, onAuth: refuse })
    })
    const client = MemoryClient.open(broker.broker, 'c')
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(ReasonCode.BANNED)
  })
})

describe('an authorizer that returns nonsense', () => {
  it.each<[unknown]>([
    [undefined],
    [null],
    ['allow'],
    ['aborted'],
    [true],
    [{}],
    [{ outcome: 'maybe' }],
    [{ outcome: 'success' }],
  ])('like %j permits nothing, whatever the permissions say', async (nonsense) => {
    const answer = (): never => nonsense as never
    await using broker = await startWithServices({}, ({ security, initializers }) => {
      security.setAuthorizer({ authorizePublish: answer, authorizeSubscribe: answer })
      initializers.setClientInitializer(({ defaultPermissions }) => defaultPermissions.add({ topicFilter: '#' }))
    })
    const client = MemoryClient.connect(broker.broker, 'c')
    expect(client.subscribe(['t'])).toEqual([0x87])
    client.publish('t', 'x', { qos: 1 })
    expect(client.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x87 }, { reasonCode: 0x87 }])
    expect(broker.log.warnings).toEqual([
      expect.stringMatching(/^WARN Extension serving: authorizeSubscribe returned no decision/),
      expect.stringMatching(/^WARN Extension serving: authorizePublish returned no decision/),
    ])
  })
})

describe('an authenticator or interceptor that returns nonsense', () => {
  it.each(['threw', 'timed out', 'aborted', 'takes no part', 'success', 5, [], () => 'success'])(
    'like %j lets nothing pass',
    async (nonsense) => {
      let isFirst = true
      await using broker = await startWithServices({}, ({ security, initializers }) => {
        security.setAuthenticator({
          onConnect: () => (isFirst ? { outcome: 'success' } : (nonsense as never)),
        })
        initializers.setClientInitializer((context) => {
          context.intercept({ publishInbound: () => nonsense as never })
        })
      })
      const client = MemoryClient.connect(broker.broker, 'c')
      client.subscribe(['t'])
      client.publish('t', 'x')
      expect(client.takePublishes()).toEqual([])
      isFirst = false
      const refused = MemoryClient.open(broker.broker, 'd')
      expect(refused.takeFirst<Connack>(PacketType.CONNACK)).toMatchObject({
        reasonCode: 0x87,
        properties: { reasonString: 'Authentication failed, authenticator did not decide authenticity' },
      })
      expect(broker.log.warnings).toHaveLength(2)
    },
  )
})

describe('an answer that throws when it is looked at', () => {
  it.each<[string, () => unknown, number]>([
    ['its outcome', () => withProperty('outcome', { get: throwing }), 0x87],
    ['its then', () => withProperty('then', { get: throwing }), 0x80],
    ['what is no promise', () => withProperty('then', { value: throwing }), 0x80],
    ['all of it', () => new Proxy({}, { get: throwing, has: throwing }), 0x80],
  ])('is a fault of its extension: %s', async (_what, make, reasonCode) => {
    await using broker = await startWithServices({}, ({ security }) => {
      security.setAuthenticator({ onConnect: make as () => AuthenticationDecision })
    })
    const client = MemoryClient.open(broker.broker, 'c')
    await broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(reasonCode)
    expect(broker.log.warnings).toEqual([expect.stringMatching(/^WARN Extension serving: onConnect /)])
    expect(broker.broker.broker.metrics.internalErrors).toBe(0)
  })
})

describe('an extension that leaks', () => {
  it('timers: what they ask for after its end is rejected', async () => {
    const outcomes: Promise<string>[] = []
    let tick!: () => void
    const leaking: Extension = {
      start({ services }) {
        // As an interval that nobody has cleared.
        const interval = new EventEmitter()
        interval.on(
          'tick',
          AsyncResource.bind(() => {
            outcomes.push(
              services.publish.publish({ topicName: 't' }).then(
                () => 'published',
                (error: unknown) => String(error),
              ),
            )
          }),
        )
        tick = () => interval.emit('tick')
      },
      stop: ({ services }) => services.publish.publish({ topicName: 'last words' }),
    }
    await using broker = await ExtensionBroker.start({ leaking, open: OPEN_TO_ALL })
    const client = MemoryClient.connect(broker.broker, 'c')
    client.subscribe(['#'])
    tick()
    writeFileSync(join(broker.folders.folder, 'leaking', 'DISABLED'), '')
    await broker.host.look()
    await broker.host.look()
    tick()
    expect(await Promise.all(outcomes)).toEqual([
      'published',
      'Error: The extension has stopped: services do nothing for it any more',
    ])
    expect(client.takePublishes().map(({ topicName }) => topicName)).toEqual(['t', 'last words'])
  })

  it('interceptors: a client has a hundred of each extension at most, and they are served', async () => {
    let count = 0
    await using broker = await startWithServices({}, ({ initializers }) =>
      initializers.setClientInitializer((context) => {
        const add = (): void => {
          context.intercept({
            publishInbound() {
              count++
              add()
            },
          })
        }
        add()
      }),
    )
    const client = MemoryClient.connect(broker.broker, 'c')
    client.subscribe(['t'])
    for (let i = 0; i < 9; i++) client.publish('t', String(i))
    expect(count).toBeGreaterThan(100)
    // It fails to add more, and what it was asked about counts as an interceptor's failure.
    expect(broker.log.warnings[0]).toMatch(
      /publishInbound failed for client c: RangeError: the client has 100 of these already: dispose of what/,
    )
    expect(client.takePublishes().length).toBeLessThan(9)
  })

  it('answers: those that never come end with their time limit, or with the connection', async () => {
    const signals: AbortSignal[] = []
    await using broker = await startWithServices({}, ({ security }) =>
      security.setAuthorizer({
        authorizePublish({ signal }) {
          signals.push(signal)
          return new Promise(() => undefined)
        },
      }),
    )
    for (const id of ['patient', 'gone']) MemoryClient.connect(broker.broker, id).publish('t', 'x')
    const [, gone] = broker.broker.broker.connections
    gone!.close(CloseReasons.CONNECTION_LOST)
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
    broker.broker.advance(11_000)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })
})
