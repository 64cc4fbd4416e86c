// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { SimpleAuthenticator } from '../../src/extension-sdk/authenticator.ts'
import type { Extension } from '../../src/extension-sdk/extension.ts'
import { ExtensionCalls, noWatcher } from '../../src/extensions/extension-calls.ts'
import { WATCHED_MS } from '../../src/util/loop-board.ts'
import { callbackFaults, callbackTimes } from '../support/callback-metrics.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

function authenticating(onConnect: SimpleAuthenticator['onConnect'], timeoutMs = 10_000): Extension {
  return { start: ({ services }) => services.security.setAuthenticator({ onConnect }, { timeoutMs }) }
}

/** Somebody whom the extension decides about. */
function comer(broker: ExtensionBroker, clientId = 'c'): MemoryClient {
  return MemoryClient.open(broker.broker, clientId)
}

describe('the time that callbacks take', () => {
  it('is that until the answer, where it comes at once', async () => {
    const broker: ExtensionBroker = await ExtensionBroker.start({
      slow: authenticating(() => {
        broker.broker.clock.advance(20)
        return { outcome: 'success' }
      }),
    })
    await using _broker = broker
    for (let i = 0; i < 5; i++) MemoryClient.connect(broker.broker, `c${i}`)
    const times = callbackTimes(broker).get('slow onConnect')!
    expect(times.count).toBe(5)
    expect(times.sum).toBeCloseTo(0.1)
  })

  it('is that until the answer, where it comes later', async () => {
    let answer!: () => void
    await using broker = await ExtensionBroker.start({
      thinking: authenticating(() => new Promise((resolve) => (answer = () => resolve({ outcome: 'success' })))),
    })
    comer(broker)
    expect(callbackTimes(broker).get('thinking onConnect')!.count).toBe(0)
    broker.broker.advance(250)
    answer()
    await broker.settle()
    const times = callbackTimes(broker).get('thinking onConnect')!
    expect([times.count, times.sum]).toEqual([1, 0.25])
  })

  it('is taken from one of 64 calls while they are fast, and the others count as well', async () => {
    await using broker = await startWithServices({}, ({ security }) =>
      security.setAuthorizer({ authorizePublish: () => ({ outcome: 'allow' }) }),
    )
    const client = MemoryClient.connect(broker.broker, 'c')
    for (let i = 0; i < 1000; i++) client.publish('t', 'x')
    broker.broker.settle()
    const { count } = callbackTimes(broker).get('serving authorizePublish')!
    // What came after the last timing is counted with the next.
    expect(count).toBe(960)
  })

  it('is taken from each call again when they become slow', async () => {
    let ms = 0
    const broker: ExtensionBroker & { readonly services: unknown } = await startWithServices({}, ({ security }) =>
      security.setAuthorizer({
        authorizePublish() {
          broker.broker.clock.advance(ms)
          return { outcome: 'allow' }
        },
      }),
    )
    await using _broker = broker
    const client = MemoryClient.connect(broker.broker, 'c')
    const publish = (count: number): number => {
      for (let i = 0; i < count; i++) client.publish('t', 'x')
      broker.broker.settle()
      return callbackTimes(broker).get('serving authorizePublish')!.count
    }
    expect(publish(64)).toBe(64)
    ms = 1
    expect(publish(64)).toBe(128)
    expect(publish(10)).toBe(138)
  })

  it('is known of tasks to their end, of start and of what says who takes part', async () => {
    let end!: () => void
    await using broker = await startWithServices({}, ({ scheduler, events, security }) => {
      events.setClientLifecycleListener(() => undefined)
      security.setAuthorizer(() => undefined)
      scheduler.after(10, () => new Promise((resolve) => (end = resolve)))
    })
    MemoryClient.connect(broker.broker, 'c')
    broker.broker.advance(100)
    broker.broker.advance(500)
    end()
    await broker.settle()
    const times = callbackTimes(broker)
    expect([...times.keys()].toSorted()).toEqual(
      ['authorizer', 'lifecycleListener', 'load', 'onConnect', 'scheduledTask', 'start'].map(
        (name) => `serving ${name}`,
      ),
    )
    expect(times.get('serving scheduledTask')!.sum).toBeGreaterThanOrEqual(0.5)
  })

  it('is not taken where an extension has not registered for anything', async () => {
    await using broker = await startWithServices()
    await using idle = await ExtensionBroker.start({ idle: { start: () => undefined } })
    for (const each of [broker, idle]) comer(each).publish('t', 'x')
    expect([...callbackTimes(broker).keys()]).toEqual(['serving load', 'serving start', 'serving onConnect'])
    expect([...callbackTimes(idle).keys()]).toEqual(['idle load', 'idle start'])
  })
})

describe('failures of callbacks', () => {
  it('are counted by their kind', async () => {
    const failing = (onConnect: () => unknown, timeoutMs?: number): Extension =>
      authenticating(onConnect as SimpleAuthenticator['onConnect'], timeoutMs)
    const cases: Readonly<Record<string, Extension>> = {
      error: failing(() => {
        throw new Error('no')
      }),
      rejected: failing(() => Promise.reject(new Error('no'))),
      timeout: failing(() => new Promise(() => undefined), 50),
      invalid: failing(() => 'nonsense'),
    }
    for (const [kind, extension] of Object.entries(cases)) {
      await using broker = await ExtensionBroker.start({ failing: extension })
      comer(broker)
      broker.broker.advance(100)
      await broker.settle()
      expect(callbackFaults(broker)).toEqual({ [`failing onConnect ${kind}`]: 1 })
    }
  })

  it('are counted however many of their warnings are left out', async () => {
    await using broker = await startWithServices({}, ({ events }) =>
      events.setClientLifecycleListener({
        onAuthenticationSuccessful() {
          throw new Error('no')
        },
      }),
    )
    for (let i = 0; i < 30; i++) MemoryClient.connect(broker.broker, `c${i}`)
    expect(broker.log.warnings).toHaveLength(10)
    expect(callbackFaults(broker)).toEqual({ 'serving onAuthenticationSuccessful error': 30 })
  })

  it('outside of callbacks are counted as those of the extension’s own work', async () => {
    const broker: ExtensionBroker & { readonly services: unknown } = await startWithServices({}, ({ events }) =>
      events.setClientLifecycleListener({
        onAuthenticationSuccessful: () => void broker.host.takesFault(new Error('a timer')),
      }),
    )
    await using _broker = broker
    MemoryClient.connect(broker.broker, 'c')
    expect(callbackFaults(broker)).toEqual({ 'serving ownWork error': 1 })
  })

  it('that hold the event loop are told of, also when their other warnings are left out', async () => {
    const watcher = { ...noWatcher(), warnAfterMs: 200 }
    const calls = new ExtensionCalls(new FakeClock(), watcher)
    let heldMs = 0
    const failing = authenticating(() => {
      watcher.board[WATCHED_MS]! += heldMs
      throw new Error('no')
    })
    await using broker = await ExtensionBroker.start({ failing }, {}, { calls })
    for (heldMs of [...Array<number>(20).fill(150), 250]) comer(broker)
    expect(callbackFaults(broker)).toEqual({ 'failing onConnect error': 21, 'failing onConnect blocked': 1 })
    const warnings = broker.log.warnings.filter((line) => line.includes('held the event loop'))
    expect(warnings).toEqual([
      'WARN Extension failing: onConnect held the event loop for 250 ms: nobody else was served meanwhile',
    ])
  })
})
