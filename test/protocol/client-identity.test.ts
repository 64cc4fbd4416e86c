// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Authorizer, ClientIdentity } from '../../src/broker/authorizer.ts'
import type { Connack } from '../../src/codec/connack.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

/** Permits everything and notes who asked for what. */
class NotingAuthorizer implements Authorizer {
  readonly asked: string[] = []

  mayPublish(client: ClientIdentity, topicName: string): boolean {
    this.asked.push(`${describeIdentity(client)} publishes ${topicName}`)
    return true
  }

  maySubscribe(client: ClientIdentity): boolean {
    this.asked.push(`${describeIdentity(client)} subscribes`)
    return true
  }
}

function describeIdentity({ clientId, userName }: ClientIdentity): string {
  return userName === undefined ? `${clientId} without user` : `${clientId} as "${userName}"`
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT-3.1.3-1] [MQTT4-3.1.3-1]
  it('CO-17 CO-41: client identifier, will and user name are told apart', async () => {
    const authorizer = new NotingAuthorizer()
    const broker = await MemoryBroker.start({ authorizer })
    const client = MemoryClient.connect(broker, 'client', {
      version,
      connect: {
        will: { topicName: 'topic', payload: Buffer.from('payload'), qos: 1, retain: false, properties: {} },
        userName: 'user',
        password: Buffer.from('password'),
      },
    })
    client.subscribe(['t'])
    client.publish('t', 'm')
    expect(authorizer.asked).toEqual([
      'client as "user" publishes topic',
      'client as "user" subscribes',
      'client as "user" publishes t',
    ])
  })

  // [MQTT-3.1.3-12] [MQTT4-3.1.3-11]
  it('CO-16: an empty user name is there, and is empty', async () => {
    const authorizer = new NotingAuthorizer()
    const broker = await MemoryBroker.start({ authorizer })
    MemoryClient.connect(broker, 'empty', { version, connect: { userName: '' } }).subscribe(['t'])
    MemoryClient.connect(broker, 'none', { version }).subscribe(['t'])
    expect(authorizer.asked).toEqual(['empty as "" subscribes', 'none without user subscribes'])
  })

  it('CO-41 ER-35: a will that is not permitted is refused before a connection is taken over', async () => {
    const authorizer: Authorizer = { mayPublish: (_client, topicName) => topicName !== 'w', maySubscribe: () => true }
    const broker = await MemoryBroker.start({ authorizer })
    const first = MemoryClient.connect(broker, 'client', { version })
    const will = { topicName: 'w', payload: Buffer.from('gone'), qos: 0, retain: false, properties: {} } as const
    const second = MemoryClient.open(broker, 'client', { version, connect: { will } })
    const connack = second.takeFirst<Connack>(PacketType.CONNACK)
    expect(connack).toMatchObject({
      sessionPresent: false,
      reasonCode: version === ProtocolVersion.V5 ? 0x87 : 5,
    })
    expect(second.transport.isEnded).toBe(true)
    expect(first.transport.isEnded).toBe(false)
    expect(first.take()).toEqual([])
  })
})
