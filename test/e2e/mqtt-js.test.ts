// SPDX-License-Identifier: Apache-2.0
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WaggleProcess } from '../support/waggle-process.ts'

/** Collects what a client gets, until there are so many. */
function collect(client: MqttClient, count: number): Promise<string[]> {
  return new Promise((resolve) => {
    const messages: string[] = []
    client.on('message', (topic, payload) => {
      messages.push(`${topic} ${payload.toString()}`)
      if (messages.length === count) resolve(messages)
    })
  })
}

describe('MQTT.js', () => {
  let waggle: WaggleProcess
  const clients: MqttClient[] = []

  beforeAll(async () => {
    waggle = await WaggleProcess.start()
  })

  afterAll(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)))
    await waggle[Symbol.asyncDispose]()
  })

  async function connect(options: IClientOptions): Promise<MqttClient> {
    const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { reconnectPeriod: 0, ...options })
    clients.push(client)
    return client
  }

  describe.each([3, 4, 5] as const)('protocol version %i', (protocolVersion) => {
    const version: IClientOptions =
      protocolVersion === 3 ? { protocolId: 'MQIsdp', protocolVersion } : { protocolVersion }

    it.each([0, 1, 2] as const)('sends and gets a thousand messages in order, each once, with QoS %i', async (qos) => {
      const subscriber = await connect({ ...version, clientId: `sub-${protocolVersion}-${qos}` })
      const publisher = await connect({ ...version, clientId: `pub-${protocolVersion}-${qos}` })
      const topic = `js/${protocolVersion}/${qos}`
      await subscriber.subscribeAsync(topic, { qos })
      const expected = Array.from({ length: 1_000 }, (_, i) => `${topic} message ${i}`)
      const received = collect(subscriber, expected.length)
      // MQTT.js numbers its packets by itself and minds the receive maximum of MQTT 5.
      for (const text of expected) {
        const sent = publisher.publishAsync(topic, text.slice(topic.length + 1), { qos })
        if (qos === 2) await sent
      }
      expect(await received).toEqual(expected)
    })
  })

  it('forwards properties, and resumes a session with what was queued', async () => {
    const persistent: IClientOptions = {
      protocolVersion: 5,
      clientId: 'resumed',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    }
    const first = await connect(persistent)
    await first.subscribeAsync('props/#', { qos: 1, properties: { subscriptionIdentifier: 7 } })
    await first.endAsync()
    const publisher = await connect({ protocolVersion: 5 })
    const properties = {
      contentType: 'application/json',
      responseTopic: 'answers/here',
      correlationData: Buffer.from([0, 1, 2]),
      userProperties: { site: ['Aachen', 'Köln'] },
    }
    await publisher.publishAsync('props/x', '{}', { qos: 1, properties })
    const second = await connectAsyncWithMessage(persistent)
    expect(second.packet.properties).toMatchObject({ ...properties, subscriptionIdentifier: 7 })
    expect(second.packet.qos).toBe(1)
  })

  it('leaves a broker that stops when it is asked to', async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)))
    expect(await waggle.stop()).toBe(0)
  })

  async function connectAsyncWithMessage(options: IClientOptions) {
    // The message can come together with CONNACK, before connectAsync returns.
    const { connect: connectSync } = await import('mqtt')
    const client = connectSync(`mqtt://127.0.0.1:${waggle.port}`, { reconnectPeriod: 0, ...options })
    clients.push(client)
    const packet = await new Promise<{ qos: number; properties?: object }>((resolve, reject) => {
      client.on('message', (_topic, _payload, received) => resolve(received))
      client.on('error', reject)
    })
    return { client, packet }
  }
})
