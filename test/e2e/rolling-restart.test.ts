// SPDX-License-Identifier: Apache-2.0
import { connectAsync, type MqttClient } from 'mqtt'
import { expect, it } from 'vitest'
import { ReasonCode } from '../../src/codec/reason-code.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { openLmdbStore } from '../../src/store/lmdb/open-lmdb-store.ts'
import { DEFAULT_PERSISTENCE } from '../../src/store/persistence-settings.ts'
import { systemClock } from '../../src/util/clock.ts'
import { freePort } from '../support/free-port.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

// What an update of the image is to its clients: the broker is told to end under load, and a new one takes over its folder
// and its port. Clients keep their sessions and come back by themselves.

const RESTARTS = 3
const PUBLISHERS = 4
const MESSAGES_BETWEEN = 400
const RETAINED = 100_000

it('costs nothing that was acknowledged, in either direction', async () => {
  await using home = new WaggleHome()
  await retain(home.store, RETAINED)
  const port = await freePort()
  const start = async (): Promise<WaggleProcess> => {
    const listener = `<tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
    const process = await WaggleProcess.launch(`<hivemq><listeners>${listener}</listeners></hivemq>`, port, {
      home: home.folder,
    })
    await process.waitForLog(/ready on/)
    return process
  }
  let waggle = await start()
  const received: string[] = []
  const subscriber = await stayingClient(port, 'subscriber')
  subscriber.on('message', (_topic, payload) => received.push(payload.toString()))
  await subscriber.subscribeAsync('rolling/#', { qos: 2 })
  const publishers = await Promise.all(
    Array.from({ length: PUBLISHERS }, (_none, i) => stayingClient(port, `publisher-${i}`)),
  )
  const progress = { restarts: 0, sinceRestart: 0 }
  const acknowledged: string[] = []
  /** QoS 1 and 2 in turn, one message at a time, until the restarts are over. */
  const publish = async (client: MqttClient, name: number): Promise<void> => {
    for (let i = 0; progress.restarts < RESTARTS || progress.sinceRestart < MESSAGES_BETWEEN; i++) {
      const text = `${name}:${i}`
      await client.publishAsync(`rolling/${name}`, text, { qos: i % 2 === 0 ? 1 : 2 }).catch(expectReleased)
      acknowledged.push(text)
      progress.sinceRestart++
    }
  }
  const restart = async (): Promise<void> => {
    while (progress.restarts < RESTARTS) {
      while (progress.sinceRestart < MESSAGES_BETWEEN)
        await new Promise((resolve) => subscriber.once('message', resolve))
      expect(await waggle.stop()).toBe(0)
      waggle = await start()
      progress.restarts++
      progress.sinceRestart = 0
    }
  }
  try {
    await Promise.all([restart(), ...publishers.map(publish)])
    while (new Set(received).size < acknowledged.length) {
      await new Promise((resolve) => subscriber.once('message', resolve))
    }
    expect(new Set(received)).toEqual(new Set(acknowledged))
    const ofQoS2 = received.filter((text) => Number(text.split(':')[1]) % 2 === 1)
    expect(new Set(ofQoS2).size).toBe(ofQoS2.length)
    // A hundred thousand retained messages and all; an operator's probe gives it far longer.
    const [, readyMs] = /Started \S+ in (\d+)ms/.exec(waggle.log)!
    expect(Number(readyMs)).toBeLessThan(3_000)
    expect(waggle.log).not.toContain('ERROR')
  } finally {
    await Promise.all([subscriber, ...publishers].map((client) => client.endAsync(true)))
    await waggle[Symbol.asyncDispose]()
  }
}, 120_000)

/** A PUBREL that is sent again because its PUBCOMP was lost is no error (spec 3.7.2.1); MQTT.js takes it for one. */
function expectReleased(error: { code?: number }): void {
  expect(error.code).toBe(ReasonCode.PACKET_IDENTIFIER_NOT_FOUND)
}

/** A client that comes back, to the session that it had. */
function stayingClient(port: number, clientId: string): Promise<MqttClient> {
  return connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId,
    clean: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval: 3600 },
    reconnectPeriod: 50,
  })
}

/** Through the store's own interface: over the network it would take longer than the test. */
async function retain(folder: string, count: number): Promise<void> {
  const onFailed = (error: unknown): never => {
    throw error
  }
  const { store } = await openLmdbStore(folder, {
    settings: DEFAULT_PERSISTENCE,
    clock: systemClock,
    metrics: new Metrics(),
    onTrouble: () => undefined,
    onBudget: () => undefined,
    onFailed,
    onFault: onFailed,
  })
  await store.load()
  for (let i = 0; i < count; i++) {
    store.append({
      type: 'retained-set',
      message: {
        topicName: `retained/${i}`,
        payload: Buffer.from(`value ${i}`),
        properties: Buffer.alloc(0),
        qos: 1,
        retain: true,
        messageExpiryInterval: Number.POSITIVE_INFINITY,
        receivedAtWall: Date.now(),
        receivedAt: systemClock.now(),
        epoch: systemClock.epoch,
      },
    })
  }
  await new Promise<void>((resolve) => store.whenDurable(resolve))
  await store.close()
}
