// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Connect, Will } from '../../src/codec/connect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { randomNumbers } from '../support/random.ts'

const CLIENTS = 2_000
const SESSION_EXPIRY_SEC = 100

/** What becomes of the session of a client whose connection is lost. */
const Fate = { STAYS_AWAY: 0, RESUMES: 1, STARTS_CLEAN: 2, IS_REFUSED: 3 } as const

function willOf(text: string, willDelayInterval: number): Will {
  return { topicName: 'w', payload: Buffer.from(text), qos: 0, retain: false, properties: { willDelayInterval } }
}

function withWill(will: Will): Partial<Connect> {
  return { will, properties: { sessionExpiryInterval: SESSION_EXPIRY_SEC } }
}

describe('many wills', () => {
  // [MQTT-3.1.2-8] [MQTT-3.1.2-10] [MQTT-3.1.3-9]
  it.each([1, 2])('WI-17 WI-11 WI-13 WI-14: each is published once, at its time, or dropped, seed %i', async (seed) => {
    const broker = await MemoryBroker.start()
    const random = randomNumbers(seed)
    const subscriber = MemoryClient.connect(broker, 'subscriber')
    subscriber.subscribe(['w'])
    /** Second of publication by text. */
    const expected = new Map<string, number>()
    const fates = Array.from({ length: CLIENTS }, (_, i) => ({
      clientId: `client ${i}`,
      delaySec: 2 + random(50),
      fate: random(4),
    }))
    for (const { clientId, delaySec, fate } of fates) {
      const connect = withWill(willOf(clientId, delaySec))
      MemoryClient.connect(broker, clientId, { isPersistent: true, connect }).drop()
      if (fate !== Fate.RESUMES) expected.set(clientId, fate === Fate.STARTS_CLEAN ? 1 : delaySec)
    }
    const published = new Map<string, number>()
    const note = (second: number): void => {
      for (const publish of subscriber.takePublishes()) {
        expect(published.has(textOf(publish))).toBe(false)
        published.set(textOf(publish), second)
      }
    }
    broker.advance(1_000)
    note(1)
    expect(published.size).toBe(0)
    for (const { clientId, fate } of fates) {
      if (fate === Fate.RESUMES) MemoryClient.connect(broker, clientId, { isPersistent: true })
      if (fate === Fate.STARTS_CLEAN) MemoryClient.connect(broker, clientId)
      if (fate === Fate.IS_REFUSED) {
        const connect = withWill({ ...willOf('of a refused client', 0), topicName: 'w/#' })
        const refused = MemoryClient.open(broker, clientId, { isPersistent: true, connect })
        expect(refused.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x90)
        refused.drop()
      }
    }
    note(1)
    for (let second = 2; second <= 60; second++) {
      broker.advance(1_000)
      note(second)
    }
    expect(published).toEqual(expected)
    // Nothing is left of those that stayed away.
    broker.advance(SESSION_EXPIRY_SEC * 1_000)
    note(1_000)
    const away = fates.filter(({ fate }) => fate === Fate.STAYS_AWAY || fate === Fate.IS_REFUSED).length
    expect(broker.broker.sessions.size).toBe(1 + CLIENTS - away)
    expect(published.size).toBe(expected.size)
  })
})
