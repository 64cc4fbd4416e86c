// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { NO_EXPIRY, type Publish } from '../../src/codec/publish.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { Message } from '../../src/session/message.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'
import { randomNumbers } from '../support/random.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'

const SHARED = '$share/g/t'

/** Acknowledges what came, as a client with nothing else to do. */
function takeAndAck(client: MemoryClient): Publish[] {
  const publishes = client.takePublishes()
  for (const { qos, packetId } of publishes) if (qos === 1) client.ack(PacketType.PUBACK, packetId!)
  return publishes
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it.each<{ qos: QoS }>([{ qos: 0 }, { qos: 1 }])(
    'SH-02: of 300 messages at QoS $qos each goes to exactly one of three members, and each member gets some',
    async ({ qos }) => {
      const broker = await MemoryBroker.start()
      const members = ['a', 'b', 'c'].map((clientId) => MemoryClient.connect(broker, clientId, { version }))
      for (const member of members) expect(member.subscribe([SHARED], qos)).toEqual([qos])
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      const got: string[][] = [[], [], []]
      for (let i = 1; i <= 300; i++) {
        publisher.publish('t', String(i), { qos })
        for (const [index, member] of members.entries()) got[index]!.push(...takeAndAck(member).map(textOf))
      }
      const all = got.flat().map(Number)
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1))
      for (const share of got) expect(share.length).toBeGreaterThan(0)
    },
  )

  // [MQTT-4.8.2-3]
  it('SH-05: each member gets what it is chosen for at its own QoS', async () => {
    const broker = await MemoryBroker.start()
    const zero = MemoryClient.connect(broker, 'zero', { version })
    const one = MemoryClient.connect(broker, 'one', { version })
    expect(zero.subscribe([SHARED], 0)).toEqual([0])
    expect(one.subscribe([SHARED], 2)).toEqual([1])
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    let [atZero, atOne] = [0, 0]
    for (let i = 0; i < 50; i++) {
      publisher.publish('t', String(i), { qos: 1 })
      const [toZero, toOne] = [takeAndAck(zero), takeAndAck(one)]
      expect(toZero.length + toOne.length).toBe(1)
      for (const publish of toZero) expect(publish.qos).toBe(0)
      for (const publish of toOne) expect(publish.qos).toBe(1)
      atZero += toZero.length
      atOne += toOne.length
    }
    expect(atZero).toBeGreaterThan(0)
    expect(atOne).toBeGreaterThan(0)
  })

  it('C-32 C-87: QoS 0 that waits for a group takes 5 MiB and no more, and what is new is dropped', async () => {
    const broker = await MemoryBroker.start({ settings: { maxQueueSize: 1 } })
    const member = MemoryClient.connect(broker, 'member', { version, isPersistent: true })
    member.subscribe([SHARED], 1)
    member.drop()
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    const payload = Buffer.alloc(100_000)
    for (let i = 0; i < 60; i++) {
      payload[0] = i
      publisher.publish('t', payload)
    }
    const fitting = Math.floor((5 * 1024 * 1024) / (payload.length + 1 + 200))
    expect(broker.broker.metrics.dropped[DropReason.QOS_0_MEMORY_EXCEEDED]).toBe(60 - fitting)
    const back = MemoryClient.connect(broker, 'member', { version, isPersistent: true })
    const kept = Array.from({ length: fitting }, (_, i) => i)
    expect(back.takePublishes().map((publish) => publish.payload[0])).toEqual(kept)
    // All of the room is free again.
    back.drop()
    for (let i = 0; i < fitting; i++) publisher.publish('t', payload)
    expect(broker.broker.metrics.dropped[DropReason.QOS_0_MEMORY_EXCEEDED]).toBe(60 - fitting)
  })

  it('SH-12: a client that subscribes three times has one share, not three', async () => {
    const broker = await MemoryBroker.start()
    const [thrice, once] = [
      MemoryClient.connect(broker, 'thrice', { version }),
      MemoryClient.connect(broker, 'once', { version }),
    ]
    for (let i = 0; i < 3; i++) thrice.subscribe([SHARED], 1)
    once.subscribe([SHARED], 1)
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    let [toThrice, toOnce] = [0, 0]
    for (let i = 0; i < 100; i++) {
      publisher.publish('t', String(i), { qos: 1 })
      toThrice += takeAndAck(thrice).length
      toOnce += takeAndAck(once).length
    }
    expect(toThrice + toOnce).toBe(100)
    expect(Math.abs(toThrice - toOnce)).toBeLessThanOrEqual(2)
  })

  // [MQTT-4.7.2-1]: clients cannot publish to topics with $, the broker itself can.
  it('SH-17: a shared filter with a wildcard at its beginning does not get topics with $', async () => {
    const broker = await MemoryBroker.start()
    const wild = MemoryClient.connect(broker, 'wild', { version })
    wild.subscribe(['$share/g/#', '$share/g/+/x', '$share/g/+/+'], 1)
    const exact = MemoryClient.connect(broker, 'exact', { version })
    exact.subscribe(['$share/g/$a/x', '$share/g/$a/+', '$share/g/$a/#'], 1)
    broker.broker.publish(messageTo('$a/x', broker), null)
    expect(wild.takePublishes()).toEqual([])
    expect(exact.takePublishes().map(({ topicName }) => topicName)).toEqual(['$a/x', '$a/x', '$a/x'])
    broker.broker.publish(messageTo('a/$x', broker), null)
    expect(wild.takePublishes()).toHaveLength(2)
    expect(exact.takePublishes()).toEqual([])
  })

  it('SH-15 C-86: of many members the only one with room gets the message', async () => {
    const broker = await MemoryBroker.start()
    // Before MQTT 5 a client cannot say how much it takes: 50.
    const room = version === ProtocolVersion.V5 ? 1 : 50
    const connect = { properties: { receiveMaximum: room } }
    const members = Array.from({ length: 40 }, (_, index) =>
      MemoryClient.connect(broker, `member-${index}`, { version, connect }),
    )
    for (const member of members) member.subscribe([SHARED], 1)
    const publisher = MemoryClient.connect(broker, 'publisher', { version })
    for (let i = 0; i < members.length * room; i++) publisher.publish('t', 'fill', { qos: 1 })
    const filled = members.map((member) => member.takePublishes())
    expect(filled.map(({ length }) => length)).toEqual(members.map(() => room))
    for (const index of [7, 39, 0, 20]) {
      members[index]!.ack(PacketType.PUBACK, filled[index]![0]!.packetId!)
      publisher.publish('t', String(index), { qos: 1 })
      expect(members.flatMap((member) => member.takePublishes().map(textOf))).toEqual([String(index)])
      // Whoever else has room would have got the next one.
      filled[index]!.shift()
    }
  })

  it.each<{ qos: QoS }>([{ qos: 0 }, { qos: 1 }])(
    'SH-22: at QoS $qos each member gets the messages of one publisher in their order',
    async ({ qos }) => {
      const random = randomNumbers(22)
      const broker = await MemoryBroker.start()
      const members = Array.from({ length: 5 }, (_, index) =>
        MemoryClient.connect(broker, `member-${index}`, { version }),
      )
      for (const member of members) member.subscribe([SHARED], qos)
      const publisher = MemoryClient.connect(broker, 'publisher', { version })
      const got = members.map(() => [] as number[])
      const unacked = members.map(() => [] as number[])
      for (let i = 1; i <= 2_000; i++) {
        publisher.publish('t', String(i), { qos })
        // Members answer late and in bursts, so that messages wait in the group from time to time.
        const index = random(members.length)
        for (const publish of members[index]!.takePublishes()) {
          got[index]!.push(Number(textOf(publish)))
          if (qos === 1) unacked[index]!.push(publish.packetId!)
        }
        if (random(20) === 0) {
          for (const packetId of unacked[index]!.splice(0)) members[index]!.ack(PacketType.PUBACK, packetId)
        }
      }
      for (let isDone = false; !isDone;) {
        isDone = true
        for (const [index, member] of members.entries()) {
          for (const packetId of unacked[index]!.splice(0)) member.ack(PacketType.PUBACK, packetId)
          const publishes = takeAndAck(member)
          got[index]!.push(...publishes.map((publish) => Number(textOf(publish))))
          if (publishes.length > 0) isDone = false
        }
      }
      for (const numbers of got) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      expect(got.flat()).toHaveLength(2_000)
    },
  )
})

function messageTo(topicName: string, { clock }: MemoryBroker): Message {
  return new Message({
    topicName,
    topic: Buffer.from(topicName),
    properties: Buffer.alloc(0),
    payload: Buffer.from('m'),
    qos: 1,
    retain: false,
    messageExpiryInterval: NO_EXPIRY,
    receivedAt: clock.now(),
  })
}

/** A client that is a member of the group now and then. */
class Member {
  readonly clientId: string
  readonly isPersistent: boolean
  client: MemoryClient | null = null
  /** The session stays when the connection ends: before MQTT 5 one that began clean does not. */
  #outlives = false
  isSubscribed = false
  readonly unacked = new Map<number, string>()

  constructor(clientId: string, isPersistent: boolean) {
    this.clientId = clientId
    this.isPersistent = isPersistent
  }

  /** Counts for the promise that nothing is lost. */
  get isServing(): boolean {
    return this.client !== null && this.isSubscribed
  }

  connect(broker: MemoryBroker, isClean: boolean): void {
    const version = ALL_VERSIONS[this.clientId.length % ALL_VERSIONS.length]!
    const cleanStart = isClean || !this.isPersistent
    const connect = { cleanStart }
    this.client = MemoryClient.connect(broker, this.clientId, { version, isPersistent: this.isPersistent, connect })
    this.#outlives = this.isPersistent && (version === ProtocolVersion.V5 || !cleanStart)
    if (cleanStart) this.isSubscribed = false
  }

  /** What was not acknowledged is not this member's any more. */
  leave(isPolite: boolean): void {
    if (isPolite) this.client!.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    this.client!.drop()
    this.client = null
    this.unacked.clear()
    if (!this.#outlives) this.isSubscribed = false
  }

  subscribe(): void {
    this.client!.sendSubscribe([SHARED], 1)
    this.isSubscribed = true
  }

  unsubscribe(): void {
    this.client!.send({ type: PacketType.UNSUBSCRIBE, packetId: 1, topicFilters: [SHARED] })
    this.isSubscribed = false
  }

  receive(): void {
    for (const packet of this.client!.take()) {
      if (packet.type === PacketType.PUBLISH) this.unacked.set(packet.packetId!, textOf(packet))
    }
  }

  /** Acknowledges up to `count` messages and returns them. */
  ack(count: number): string[] {
    const payloads: string[] = []
    for (const [packetId, payload] of this.unacked) {
      if (payloads.length === count) break
      this.unacked.delete(packetId)
      this.client!.ack(PacketType.PUBACK, packetId)
      payloads.push(payload)
    }
    return payloads
  }
}

/**
 * Lets ten members come and go at random while messages are published; returns how often each was acknowledged. With
 * `hasRestarts` the broker comes and goes as well; then the first member is never long gone.
 */
async function churn(seed: number, messages: number, hasRestarts: boolean): Promise<Map<string, number>> {
  const random = randomNumbers(seed)
  const broker = await MemoryBroker.start()
  let publisher = MemoryClient.connect(broker, 'publisher')
  const members = Array.from({ length: 10 }, (_, index) => new Member('m'.repeat(index + 1), index % 2 === 0))
  const acked = new Map<string, number>()
  const note = (payloads: string[]): void => {
    for (const payload of payloads) acked.set(payload, (acked.get(payload) ?? 0) + 1)
  }
  const anchor = members[0]!
  anchor.connect(broker, false)
  anchor.subscribe()
  for (let i = 1; i <= messages; i++) {
    publisher.publish('t', String(i), { qos: 1 })
    publisher.takeFirst(PacketType.PUBACK)
    if (hasRestarts && random(100) === 0) {
      await (random(2) === 0 ? broker.restart() : broker.crash())
      for (const member of members) if (member.client !== null) member.leave(false)
      publisher = MemoryClient.connect(broker, 'publisher')
      anchor.connect(broker, false)
    }
    const member = members[random(members.length)]!
    const isLast = member.isServing && members.filter(({ isServing }) => isServing).length === 1
    const isNeeded = isLast || (hasRestarts && member === anchor)
    if (member.client === null) member.connect(broker, random(3) === 0)
    else {
      member.receive()
      const what = random(8)
      if (what === 0 && !isNeeded) member.leave(random(2) === 0)
      else if (what === 1 && !isNeeded) member.unsubscribe()
      else if (what <= 3) member.subscribe()
      else note(member.ack(random(40)))
    }
  }
  for (let isDone = false; !isDone;) {
    isDone = true
    for (const member of members) {
      if (member.client === null) continue
      member.receive()
      if (member.unacked.size > 0) isDone = false
      note(member.ack(Number.POSITIVE_INFINITY))
    }
  }
  return acked
}

describe('a group whose members come and go', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'SH-20: nothing at QoS 1 is lost while one member is connected, and nothing is done twice (seed %i)',
    async (seed) => {
      const acked = await churn(seed, 2_000, false)
      expect(acked.size).toBe(2_000)
      expect([...acked.values()].filter((count) => count !== 1)).toEqual([])
    },
  )

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'SH-19 SH-20: the same with a broker that is restarted and crashes, and one persistent member (seed %i)',
    async (seed) => {
      const acked = await churn(seed, 2_000, true)
      expect(acked.size).toBe(2_000)
      expect([...acked.values()].filter((count) => count !== 1)).toEqual([])
    },
  )
})
