// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encodePacket, type Packet } from '../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { randomNumbers } from '../support/random.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const MESSAGES = 100_000
/** The broker's receive maximum: so many may be open at once. */
const OPEN_AT_ONCE = 10

/** Numbers as messages, as many as may be open at once in one chunk; QoS 2 ones are released in a second. */
function publishNext(publisher: MemoryClient, qos: QoS, first: number): void {
  const numbers = Array.from({ length: OPEN_AT_ONCE }, (_, index) => first + index)
  publisher.send(
    ...numbers.map((number, index) => publisher.toPublish('t', String(number), { qos, packetId: index + 1 })),
  )
  if (qos === 0) return
  const acks = publisher.take()
  const expected = { type: qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, count: OPEN_AT_ONCE }
  if (acks.length !== expected.count || acks.some(({ type }) => type !== expected.type))
    throw new Error('wrong answers')
  if (qos === 1) return
  publisher.send(...numbers.map((_, index) => toAck(PacketType.PUBREL, index + 1)))
  if (publisher.take().length !== OPEN_AT_ONCE) throw new Error('PUBREL was not answered')
}

function toAck(type: AckType, packetId: number): Packet {
  return { type, packetId, reasonCode: 0 }
}

/** Takes what came, acknowledges it, and calls back with each number. */
function receive(subscriber: MemoryClient, onNumber: (number: number, qos: QoS) => void): void {
  for (let packets = subscriber.take(); packets.length > 0; packets = subscriber.take()) {
    const answers: Packet[] = []
    for (const packet of packets) {
      if (packet.type === PacketType.PUBREL) answers.push(toAck(PacketType.PUBCOMP, packet.packetId))
      if (packet.type !== PacketType.PUBLISH) continue
      onNumber(Number(textOf(packet)), packet.qos)
      if (packet.qos === 1) answers.push(toAck(PacketType.PUBACK, packet.packetId!))
      if (packet.qos === 2) answers.push(toAck(PacketType.PUBREC, packet.packetId!))
    }
    if (answers.length > 0) {
      subscriber.sendBytes(Buffer.concat(answers.map((answer) => encodePacket(answer, subscriber.version))))
    }
  }
}

/** A subscriber that checks as it goes that the numbers rise by one. */
class Counter {
  readonly client: MemoryClient
  last = 0

  constructor(broker: MemoryBroker, clientId: string, version: ProtocolVersion, qos: QoS) {
    this.client = MemoryClient.connect(broker, clientId, { version })
    this.client.subscribe(['t'], qos)
  }

  receive(): void {
    receive(this.client, (number) => {
      if (number !== this.last + 1) throw new Error(`${number} came after ${this.last}`)
      this.last = number
    })
  }
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  // [MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT4-4.6.0-5] [MQTT4-4.6.0-6]
  it.each<{ qos: QoS }>([{ qos: 0 }, { qos: 1 }, { qos: 2 }])(
    'OR-01: 100 000 messages at QoS $qos arrive in the order in which they were published',
    { timeout: 20_000 },
    async ({ qos }) => {
      const broker = await MemoryBroker.start()
      const subscriber = new Counter(broker, 'subscriber', version, qos)
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      for (let first = 1; first <= MESSAGES; first += OPEN_AT_ONCE) {
        publishNext(publisher, qos, first)
        subscriber.receive()
      }
      expect(subscriber.last).toBe(MESSAGES)
    },
  )

  // One publisher may mix QoS; what has the same QoS keeps its order.
  it('OR-01: messages of each QoS arrive in their order, however a subscriber dawdles', async () => {
    const random = randomNumbers(1)
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    subscriber.subscribe(['t'], 2)
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const got: number[][] = [[], [], []]
    const note = (number: number, qos: QoS): unknown => got[qos]!.push(number)
    for (let first = 1; first <= 10_000; first += OPEN_AT_ONCE) {
      publishNext(publisher, random(3) as QoS, first)
      if (random(30) === 0) receive(subscriber, note)
    }
    receive(subscriber, note)
    for (const numbers of got) {
      expect(numbers.length).toBeGreaterThan(1_000)
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    }
    expect(got.flat()).toHaveLength(10_000)
  })

  it.each<{ qos: QoS; ack: AckType }>([
    { qos: 1, ack: PacketType.PUBACK },
    { qos: 2, ack: PacketType.PUBREC },
  ])(
    'OR-03 OR-04: answers at QoS $qos keep their order while some of them wait for the store',
    async ({ qos, ack }) => {
      const random = randomNumbers(qos)
      const store = new HeldStore()
      const broker = await MemoryBroker.start({ store })
      const away = MemoryClient.connect(broker, 'away', { version, isPersistent: true })
      away.subscribe(['stored'], 2)
      away.drop()
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      const answered: number[] = []
      for (let round = 0; round < 200; round++) {
        const first = round * OPEN_AT_ONCE + 1
        for (let packetId = first; packetId < first + OPEN_AT_ONCE; packetId++) {
          store.isHeld ||= random(5) === 0
          const payload = Buffer.alloc(random(4) === 0 ? 40_000 : random(100))
          publisher.publish(random(2) === 0 ? 'stored' : 'nobody', payload, { qos, packetId })
          if (random(10) === 0) store.release()
        }
        store.release()
        const answers = publisher.take().map((packet) => {
          expect(packet.type).toBe(ack)
          return (packet as { packetId: number }).packetId
        })
        answered.push(...answers)
        if (qos === 2) {
          publisher.send(...answers.map((packetId) => toAck(PacketType.PUBREL, packetId)))
          publisher.take()
        }
      }
      expect(answered).toEqual(Array.from({ length: 200 * OPEN_AT_ONCE }, (_, index) => index + 1))
    },
  )

  it(
    'OR-10: subscribers that join a stream of retained messages never see it go back',
    { timeout: 20_000 },
    async () => {
      const random = randomNumbers(10)
      const broker = await MemoryBroker.start()
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      const joined: { client: MemoryClient; last: number; qos: QoS }[] = []
      for (let number = 1; number <= 2_000; number++) {
        publisher.publish('t', String(number), { qos: 1, retain: true })
        publisher.takeFirst(PacketType.PUBACK)
        if (number % 20 === 0) {
          const qos = random(3) as QoS
          const client = MemoryClient.connect(broker, `subscriber-${number}`, { version })
          client.sendSubscribe(['t', '#'], qos)
          joined.push({ client, last: 0, qos })
        }
        for (const subscriber of joined) {
          if (random(40) > 0) continue
          receive(subscriber.client, (value) => {
            if (value < subscriber.last) throw new Error(`${value} came after ${subscriber.last}`)
            subscriber.last = value
          })
          // Subscribing again has the retained message sent again.
          if (random(4) === 0) subscriber.client.sendSubscribe(['t'], subscriber.qos)
        }
      }
      for (const subscriber of joined) {
        receive(subscriber.client, (value) => {
          if (value < subscriber.last) throw new Error(`${value} came after ${subscriber.last}`)
          subscriber.last = value
        })
        expect(subscriber.last).toBe(2_000)
      }
    },
  )
})
