// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connect } from '../../src/codec/connect.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { encodePacket, type Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Properties } from '../../src/codec/property.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { clientPacket } from '../support/arbitrary-packet.ts'
import { bytes } from '../support/bytes.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

/** What a server may say [MQTT-3.14.2-1]; 04 is for clients. */
const SERVER_CODES = new Set([
  0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
  0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
])

/** The first byte of DISCONNECT. */
const DISCONNECT_BYTE = 0xe0

/** Checks that the client got DISCONNECT as its last packet, one that a server may send, and the end of the connection. */
function expectGoodbye(client: MemoryClient, maxPacketSize = Number.POSITIVE_INFINITY): Disconnect {
  const packets = client.take()
  const goodbyes = packets.filter(({ type }) => type === PacketType.DISCONNECT) as Disconnect[]
  expect(goodbyes).toHaveLength(1)
  const goodbye = goodbyes[0]!
  expect(packets.at(-1)).toBe(goodbye)
  expect(SERVER_CODES).toContain(goodbye.reasonCode)
  expect(goodbye.properties?.sessionExpiryInterval).toBeUndefined()
  expect(encodePacket(goodbye, ProtocolVersion.V5).length).toBeLessThanOrEqual(maxPacketSize)
  expect(client.transport.isEnded).toBe(true)
  return goodbye
}

/** Packets that end the connection of an MQTT 5 client, and the code that it is told. */
const FAULTS: readonly { readonly packet: string; readonly code: number; readonly name: string }[] = [
  { name: 'a second CONNECT', packet: "10 RL s'MQTT' 05 02 003C 00 s'id'", code: 0x82 },
  { name: 'packet type 0', packet: '00 00', code: 0x82 },
  { name: 'CONNACK', packet: '20 03 00 00 00', code: 0x82 },
  { name: 'SUBACK', packet: '90 04 0001 00 00', code: 0x82 },
  { name: 'UNSUBACK', packet: 'B0 04 0001 00 00', code: 0x82 },
  { name: 'PINGRESP', packet: 'D0 00', code: 0x82 },
  { name: 'a length of five bytes', packet: 'C0 80 80 80 80 01', code: 0x81 },
  { name: 'a length that is not the shortest', packet: 'C0 80 00', code: 0x81 },
  { name: 'reserved flags', packet: 'C1 00', code: 0x81 },
  { name: 'QoS 3', packet: "36 RL s't' 0001 00", code: 0x81 },
  { name: 'DUP at QoS 0', packet: "38 RL s't' 00", code: 0x82 },
  { name: 'packet identifier 0', packet: "32 RL s't' 0000 00", code: 0x82 },
  { name: 'a topic that runs past the packet', packet: '30 03 0005 74', code: 0x81 },
  { name: 'an ill-formed topic', packet: '30 RL 0002 C328 00', code: 0x81 },
  { name: 'an empty topic', packet: '30 RL 0000 00', code: 0x82 },
  { name: 'a topic with a wildcard', packet: "30 RL s'a/#' 00", code: 0x90 },
  { name: 'a topic with $', packet: "30 RL s'$x' 00", code: 0x82 },
  { name: 'alias 0', packet: "30 RL s't' 03 230000", code: 0x94 },
  { name: 'an alias above the maximum', packet: "30 RL s't' 03 230006", code: 0x94 },
  { name: 'an alias that is not known', packet: '30 RL 0000 03 230001', code: 0x82 },
  { name: 'a Subscription Identifier in PUBLISH', packet: "30 RL s't' 02 0B01", code: 0x82 },
  { name: 'an unknown property', packet: "30 RL s't' 02 0500", code: 0x81 },
  { name: 'a property twice', packet: "30 RL s't' 04 0100 0100", code: 0x82 },
  { name: 'a Payload Format Indicator of 2', packet: "30 RL s't' 02 0102", code: 0x81 },
  { name: 'a Response Topic with a wildcard', packet: "30 RL s't' 04 08 s'+'", code: 0x90 },
  { name: 'an unknown code in PUBACK', packet: '40 03 0001 20', code: 0x82 },
  { name: 'SUBSCRIBE without filter', packet: '82 03 0001 00', code: 0x82 },
  { name: 'SUBSCRIBE without options', packet: "82 RL 0001 00 s'a'", code: 0x81 },
  { name: 'a subscription with QoS 3', packet: "82 RL 0001 00 s'a' 03", code: 0x82 },
  { name: 'reserved options', packet: "82 RL 0001 00 s'a' 40", code: 0x81 },
  { name: 'an invalid filter', packet: "82 RL 0001 00 s'a#' 00", code: 0x8f },
  { name: 'No Local on a shared subscription', packet: "82 RL 0001 00 s'$share/g/a' 04", code: 0x82 },
  { name: 'Subscription Identifier 0', packet: "82 RL 0001 02 0B00 s'a' 00", code: 0x82 },
  { name: 'UNSUBSCRIBE without filter', packet: 'A2 03 0001 00', code: 0x82 },
  { name: 'AUTH without a method in CONNECT', packet: 'F0 02 19 00', code: 0x82 },
  { name: 'a session expiry above 0 after 0', packet: 'E0 07 00 05 11 00000001', code: 0x82 },
  { name: 'a DISCONNECT with an unknown code', packet: 'E0 01 01', code: 0x82 },
]

describe('MQTT 5', () => {
  // [MQTT-3.14.2-1] [MQTT-3.14.2-2] [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.1-1] [MQTT-4.13.2-1]
  it.each(FAULTS)('DI-02 DI-03 DI-04 DI-17: for $name the last word is DISCONNECT with its code', async (fault) => {
    const broker = await MemoryBroker.start()
    const client = MemoryClient.connect(broker, 'client')
    client.subscribe(['t'], 1)
    // Good packets in front of it are answered, those behind it are not.
    client.sendBytes(Buffer.concat([bytes('C0 00'), bytes(fault.packet), bytes("C0 00 32 RL s't' 0007 00 'm'")]))
    client.sendBytes(bytes('C0 00'))
    const other = MemoryClient.connect(broker, 'other')
    other.publish('t', 'for the one that is gone')
    expect(expectGoodbye(client).reasonCode).toBe(fault.code)
    // It does not close its side.
    broker.advance(10_000)
    expect(client.take()).toEqual([])
    expect(client.transport.isClosed).toBe(true)
  })

  // [MQTT-3.14.2-3] [MQTT-3.14.2-4]
  it.each(FAULTS)('DI-05: for $name DISCONNECT fits into ten bytes', async ({ packet, code }) => {
    const broker = await MemoryBroker.start({ settings: { serverReceiveMaximum: 65_535, topicAliasEnabled: false } })
    const maximumPacketSize = 10
    const client = MemoryClient.connect(broker, 'client', { connect: { properties: { maximumPacketSize } } })
    client.sendBytes(bytes(packet))
    const goodbye = expectGoodbye(client, maximumPacketSize)
    // Where aliases are switched off none is below the maximum.
    expect(goodbye.reasonCode).toBe(packet.includes('23000') ? 0x94 : code)
  })

  it('DI-03 DI-04 DI-17: codes that are not about a packet are a server’s too', async () => {
    const broker = await MemoryBroker.start({ settings: { serverReceiveMaximum: 1, maxPacketSize: 1_000 } })
    const codes: number[] = []
    const silent = MemoryClient.connect(broker, 'silent', { connect: { keepAliveSec: 1 } })
    broker.advance(2_000)
    codes.push(expectGoodbye(silent).reasonCode)
    const old = MemoryClient.connect(broker, 'same')
    MemoryClient.connect(broker, 'same')
    codes.push(expectGoodbye(old).reasonCode)
    const greedy = MemoryClient.connect(broker, 'greedy')
    greedy.publish('t', 'm', { qos: 2, packetId: 1 })
    greedy.publish('t', 'm', { qos: 2, packetId: 2 })
    codes.push(expectGoodbye(greedy).reasonCode)
    const large = MemoryClient.connect(broker, 'large')
    large.publish('t', Buffer.alloc(1_000))
    codes.push(expectGoodbye(large).reasonCode)
    expect(codes).toEqual([0x8d, 0x8e, 0x93, 0x95])
  })

  it('DI-02 DI-03 DI-04: whatever a client sends, DISCONNECT is the last word, and one that a server may send', async () => {
    const broker = await MemoryBroker.start()
    const chunks = fc.array(mutated(clientPacket(ProtocolVersion.V5)), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(chunks, fc.constantFrom<Properties>({}, { maximumPacketSize: 20 }), (sent, properties) => {
        const client = MemoryClient.connect(broker, 'client', { connect: { properties } })
        for (const chunk of sent) client.sendBytes(chunk)
        const packets = client.take()
        const at = packets.findIndex(({ type }) => type === PacketType.DISCONNECT)
        if (at >= 0) {
          expect(at).toBe(packets.length - 1)
          const goodbye = packets[at] as Disconnect
          expect(SERVER_CODES).toContain(goodbye.reasonCode)
          expect(goodbye.properties?.sessionExpiryInterval).toBeUndefined()
          expect(client.transport.isEnded).toBe(true)
        }
        const limit = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY
        const isFitting = (packet: Packet): boolean => encodePacket(packet, ProtocolVersion.V5).length <= limit
        expect(packets.filter((packet) => !isFitting(packet))).toEqual([])
        client.drop()
      }),
      { numRuns: 400 },
    )
  })

  // [MQTT-3.14.0-1]
  it('DI-01: whatever is wrong with CONNECT, the answer is not DISCONNECT', async () => {
    const broker = await MemoryBroker.start()
    const connects = ALL_VERSIONS.map((version) =>
      clientPacket(version).filter((packet): packet is Connect => packet.type === PacketType.CONNECT),
    )
    const one = fc.oneof(...connects)
    fc.assert(
      fc.property(one, fc.nat(), fc.nat(255), (packet, place, value) => {
        const chunk = encodePacket(packet, packet.protocolVersion)
        chunk[place % chunk.length] = value
        const transport = broker.open()
        transport.send(chunk)
        broker.settle()
        const answer = transport.take()
        if (answer.length > 0) expect(answer[0]).toBe(PacketType.CONNACK << 4)
        expect(answer[0]).not.toBe(DISCONNECT_BYTE)
        transport.drop()
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Packets as bytes, most of them with something wrong. */
function mutated(packets: fc.Arbitrary<Packet>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      packets.filter(({ type }) => type !== PacketType.CONNECT && type !== PacketType.DISCONNECT),
      fc.nat(),
      fc.nat(255),
      fc.boolean(),
    )
    .map(([packet, place, value, isWhole]) => {
      const raw = encodePacket(packet, ProtocolVersion.V5)
      if (!isWhole) raw[place % raw.length] = value
      return raw
    })
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('DI-12: at shutdown MQTT 5 clients are told, and all are closed', async () => {
    const broker = await MemoryBroker.start()
    const clients = ['a', 'b'].map((clientId) => MemoryClient.connect(broker, clientId, { version }))
    await broker.restart()
    for (const client of clients) {
      const expected = version === ProtocolVersion.V5 ? [0x8b] : []
      expect(client.take().map((packet) => (packet as Disconnect).reasonCode)).toEqual(expected)
      expect(client.transport.isEnded).toBe(true)
    }
  })

  it('C-104: at shutdown many clients are told over a short time and not all in one turn', async () => {
    const broker = await MemoryBroker.start()
    const clients = Array.from({ length: 1_000 }, (_, index) =>
      MemoryClient.connect(broker, `client-${index}`, { version }),
    )
    const stopped = broker.broker.stop()
    broker.settle()
    const endedAtOnce = clients.filter(({ transport }) => transport.isEnded).length
    expect(endedAtOnce).toBeLessThan(clients.length)
    for (let step = 0; step < 100; step++) broker.advance(50)
    expect(clients.every(({ transport }) => transport.isEnded)).toBe(true)
    for (const client of clients) client.drop()
    await stopped
  })
})
