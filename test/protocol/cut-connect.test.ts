// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Connect } from '../../src/codec/connect.ts'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes, varint } from '../support/bytes.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { randomNumbers } from '../support/random.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const MUTATIONS = 3_000
/** What a CONNACK of MQTT 5 may say; 9c and 9d would come with a Server Reference, which the broker has none of. */
const CODES = new Set(
  '00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9f'.split(' ').map((code) => Number.parseInt(code, 16)),
)

/** A CONNECT with all fields. */
function fullConnect(version: ProtocolVersion): Connect {
  const isVersion5 = version === ProtocolVersion.V5
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: true,
    keepAliveSec: 60,
    clientId: 'client',
    properties: isVersion5 ? { sessionExpiryInterval: 10, receiveMaximum: 5, userProperties: [['name', 'value']] } : {},
    will: {
      topicName: 'will/topic',
      payload: Buffer.from('gone'),
      qos: 1,
      retain: false,
      properties: isVersion5 ? { willDelayInterval: 5, contentType: 'text', correlationData: Buffer.from('data') } : {},
    },
    userName: 'user',
    password: Buffer.from('password'),
  }
}

/** The fixed header of a CONNECT in front of a body. */
function frame(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x10]), varint(body.length), body])
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT-3.1.4-1] [MQTT4-3.1.4-1] [MQTT4-3.2.2-6]
  it('CO-07 CO-44 ER-10: a CONNECT that is cut at any byte is refused', async () => {
    const broker = await MemoryBroker.start()
    const whole = encodePacket(fullConnect(version), version)
    const body = whole.subarray(2)
    expect(whole[1]).toBe(body.length)
    // In MQTT 3.1 the remaining length takes precedence over the flags of user name and password.
    const passwordAt = body.length - 10
    const accepted = version === ProtocolVersion.V3_1 ? new Set([passwordAt, passwordAt - 6]) : new Set<number>()
    for (let length = 0; length < body.length; length++) {
      if (accepted.has(length)) continue
      const client = new MemoryClient(broker, version)
      client.sendBytes(frame(body.subarray(0, length)))
      const answers = client.take()
      expect(client.transport.isEnded, `cut to ${length} bytes`).toBe(true)
      if (answers.length > 0) {
        expect(version).toBe(ProtocolVersion.V5)
        expect(answers).toEqual([
          expect.objectContaining({ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x81 }),
        ])
      }
      client.drop()
    }
    const client = new MemoryClient(broker, version)
    client.sendBytes(whole)
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
  })
})

describe('MQTT 5', () => {
  // [MQTT-3.2.2-8] [MQTT-3.2.2-6] [MQTT-3.2.2-7]
  it.each([1, 2, 3])(
    'CA-09 CA-23: whatever is wrong with a CONNECT, CONNACK has a code of its own, seed %i',
    async (seed) => {
      const broker = await MemoryBroker.start({ settings: { maxQos: 1, maxClientIdLength: 20 } })
      const random = randomNumbers(seed)
      const seen = new Set<number>()
      const body = encodePacket(fullConnect(ProtocolVersion.V5), ProtocolVersion.V5).subarray(2)
      for (let i = 0; i < MUTATIONS; i++) {
        let mutated = Buffer.from(body)
        // Name and level stay: with others the answer is in another version.
        const at = 7 + random(body.length - 7)
        const rest = mutated.subarray(at + 1)
        switch (random(4)) {
          case 0:
            mutated[at] = random(256)
            break
          case 1:
            mutated[at]! ^= 1 << random(8)
            break
          case 2:
            mutated = Buffer.concat([mutated.subarray(0, at), rest])
            break
          default:
            mutated = Buffer.concat([mutated.subarray(0, at), Buffer.from([random(256)]), mutated.subarray(at)])
        }
        const client = new MemoryClient(broker, ProtocolVersion.V5)
        client.sendBytes(frame(mutated))
        const [connack, ...others] = client.take() as Connack[]
        expect(others).toEqual([])
        if (connack !== undefined) {
          expect(connack.type).toBe(PacketType.CONNACK)
          expect(CODES).toContain(connack.reasonCode)
          expect(connack.properties?.serverReference).toBeUndefined()
          expect(client.transport.isEnded).toBe(connack.reasonCode !== 0)
          if (connack.reasonCode !== 0) expect(connack.sessionPresent).toBe(false)
          seen.add(connack.reasonCode)
        }
        client.drop()
      }
      expect([...seen]).toEqual(expect.arrayContaining([0x00, 0x81, 0x82, 0x90]))
      const client = new MemoryClient(broker, ProtocolVersion.V5)
      client.sendBytes(bytes(`10 RL s'MQTT' 05 02 003C 00 s'id'`))
      expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    },
  )
})
