// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { ClientLifecycleListener, PerClient, Services } from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { startWithServices } from '../support/serving-extension.ts'

/** Tells what it hears in one line each. */
function teller(told: string[]): Required<ClientLifecycleListener> {
  return {
    onMqttConnectionStart: ({ client, connect }) =>
      void told.push(`${client.clientId} starts as ${connect.userName ?? ''}`),
    onAuthenticationSuccessful: ({ client }) => void told.push(`${client.clientId} let in`),
    onDisconnect: ({ client, kind, reasonCode, reasonString, userProperties }) =>
      void told.push([client.clientId, kind, reasonCode, reasonString, ...userProperties.flat()].join(' ')),
  }
}

const listening =
  (listener: PerClient<ClientLifecycleListener>) =>
  ({ events }: Services): void =>
    events.setClientLifecycleListener(listener)

describe('lifecycle events', () => {
  it('tell of a client from CONNECT to DISCONNECT, whoever ends it', async () => {
    const told: string[] = []
    await using broker = await startWithServices({}, listening(teller(told)))
    const client = MemoryClient.connect(broker.broker, 'c', { connect: { userName: 'u' } })
    expect(told.splice(0)).toEqual(['c starts as u', 'c let in'])
    const properties = { reasonString: 'bye', userProperties: [['k', 'v'] as const] }
    client.send({ type: PacketType.DISCONNECT, reasonCode: 4, properties })
    expect(told.splice(0)).toEqual(['c client 4 bye k v'])
    MemoryClient.connect(broker.broker, 'lost').drop()
    expect(told.splice(0)).toEqual(['lost starts as ', 'lost let in', 'lost connection-lost  '])
    const old = MemoryClient.connect(broker.broker, 'old', { version: ProtocolVersion.V3_1_1 })
    old.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    expect(told.splice(0).at(-1)).toBe('old client  ')
    MemoryClient.connect(broker.broker, 'kicked')
    await broker.services.clients.disconnect('kicked', { reasonString: 'out' })
    expect(told.splice(0).at(-1)).toBe('kicked server 152 out')
    MemoryClient.connect(broker.broker, 'wrong').sendBytes(Buffer.of(0xc1, 0))
    expect(told.at(-1)).toBe('wrong server 129 Reserved flag bits of the fixed header are wrong')
  })

  it('tell of a client that is refused, and of a will that is', async () => {
    const told: string[] = []
    await using broker = await ExtensionBroker.start({
      refusing: {
        start({ services }) {
          services.events.setClientLifecycleListener(teller(told))
          services.security.setAuthenticator({
            onConnect: ({ client }) =>
              client.clientId === 'no'
                ? { outcome: 'fail', reasonString: 'not you' }
                : { outcome: 'success', permissions: [{ topicFilter: 'own' }] },
          })
        },
      },
    })
    MemoryClient.open(broker.broker, 'no')
    expect(told.splice(0)).toEqual(['no starts as ', 'no authentication-failed 135 not you'])
    const will = { topicName: 'w', payload: Buffer.of(), qos: 0, retain: false, properties: {} } as const
    MemoryClient.open(broker.broker, 'w', { connect: { will } })
    expect(told.splice(0)).toEqual(['w starts as ', 'w authentication-failed 135 Will is not permitted'])
    // Not a CONNECT that anybody was to decide about.
    broker.broker.open().send(Buffer.of(0x10, 0))
    expect(told).toEqual([])
  })

  it('keep their order for each client while one of them takes its time, and nobody waits for them', async () => {
    const told: string[] = []
    let release!: () => void
    const held = new Promise<void>((resolve) => (release = resolve))
    const slow = { ...teller(told), onMqttConnectionStart: () => held }
    await using broker = await startWithServices({}, ({ events, security }) => {
      events.setClientLifecycleListener(({ client }) => (client.clientId === 'slow' ? slow : teller(told)))
      security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
    })
    const client = MemoryClient.open(broker.broker, 'slow')
    MemoryClient.connect(broker.broker, 'other')
    expect(told.splice(0)).toEqual(['other starts as ', 'other let in'])
    client.drop()
    expect(told).toEqual([])
    release()
    await broker.settle()
    // It left before it was asked about: it was never let in.
    expect(told).toEqual(['slow connection-lost  '])
  })

  it('hold up no client when a listener throws, hangs, or is none', async () => {
    const failing: ClientLifecycleListener = {
      onMqttConnectionStart() {
        throw new Error('first')
      },
      onAuthenticationSuccessful: () => Promise.reject(new Error('second')),
      onDisconnect: () => new Promise(() => undefined),
    }
    await using broker = await startWithServices(
      {},
      listening(({ client }) => {
        if (client.clientId === 'none') return undefined
        if (client.clientId === 'broken') throw new Error('third')
        return failing
      }),
    )
    for (const id of ['failing', 'none', 'broken']) MemoryClient.connect(broker.broker, id).drop()
    await broker.settle()
    broker.broker.advance(11_000)
    expect(broker.log.warnings.map((line) => line.replace(/ \(.*\)/, ''))).toEqual([
      'WARN Extension serving: onMqttConnectionStart failed for client failing: Error: first',
      'WARN Extension serving: the lifecycle listener for client broken: Error: third',
      'WARN Extension serving: onAuthenticationSuccessful failed for client failing: Error: second',
      'WARN Extension serving: onDisconnect for client failing gave no answer within 10000 ms',
    ])
  })
})
