// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { bytes } from '../support/bytes.ts'
import { allowAll } from '../../src/broker/authorizer.ts'
import { compressedWire } from '../support/script/compressed-wire.ts'
import type { Target, TargetStream } from '../support/script/target.ts'
import { memoryStores, startTcpTarget, type Wire } from '../support/script/tcp-target.ts'
import { webSocketWire } from '../support/script/web-socket-wire.ts'
import { tlsWire } from '../support/tls/tls-wire.ts'

// TLS and WebSocket have buffers of their own, which go on giving when the socket is not read any more. Limits are the same
// on all of them, and are counted in bytes of MQTT.

const SECOND = 1_000
const WIRES: readonly (readonly [name: string, wire: Wire])[] = [
  ['TLS', tlsWire],
  ['WebSocket', webSocketWire],
  ['compressed WebSocket', compressedWire],
]
/** Of each message. */
const BYTES = 100

class Clients {
  readonly #target: Target
  readonly #streams: TargetStream[] = []

  private constructor(target: Target) {
    this.#target = target
  }

  static async start(wire: Wire, settings: Partial<BrokerSettings>): Promise<Clients> {
    return new Clients(await startTcpTarget(settings, allowAll, memoryStores(), wire))
  }

  async connect(clientId: string, keepAliveSec = 0): Promise<TargetStream> {
    const stream = await this.#target.open()
    this.#streams.push(stream)
    const connect = {
      type: PacketType.CONNECT,
      protocolVersion: ProtocolVersion.V3_1_1,
      cleanStart: true,
      keepAliveSec,
      clientId,
      properties: {},
    } as const
    await stream.send(encodePacket(connect, ProtocolVersion.V3_1_1))
    await this.#target.quiet()
    expectAnswer(stream, 4)
    return stream
  }

  async subscriber(): Promise<TargetStream> {
    const stream = await this.connect('subscriber')
    await stream.send(bytes("82 RL 0001 s't' 00"))
    await this.#target.quiet()
    expectAnswer(stream, 5)
    await this.#target.advance(10 * SECOND)
    return stream
  }

  quiet(): Promise<void> {
    return this.#target.quiet()
  }

  /** So many messages come in each second. */
  async arrivals(subscriber: TargetStream, seconds: number): Promise<number[]> {
    const counts: number[] = []
    for (let second = 0; second < seconds; second++) {
      await this.#target.advance(SECOND)
      counts.push(takeAll(subscriber) / BYTES)
    }
    return counts
  }

  /**
   * When messages are handled that are sent when all before them have come. What was in one buffer comes at once; it is the
   * next message that has to wait for it.
   */
  async secondsUntilNext(subscriber: TargetStream, publishers: TargetStream[], before: number): Promise<number> {
    let left = before
    let isSent = false
    for (let seconds = 1; seconds < 20; seconds++) {
      const [count] = await this.arrivals(subscriber, 1)
      left -= count!
      if (isSent && left === 0) return seconds
      if (isSent || left > 0) continue
      for (const publisher of publishers) await publisher.send(messages(1))
      left += publishers.length
      isSent = true
    }
    throw new Error(`${left} messages have not come`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target.stop()
  }
}

function expectAnswer(stream: TargetStream, length: number): void {
  const found = takeAll(stream)
  if (found !== length) throw new Error(`an answer of ${found} bytes, expected ${length}`)
}

function takeAll(stream: TargetStream): number {
  const { length } = stream.received
  stream.take(0, length)
  return length
}

function messages(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => bytes(`30 RL s't' x95'${i % 10}'`)))
}

describe.each(WIRES)('over %s', (_name, wire) => {
  it('a client has as many messages handled as its limit says, and the rest later', async () => {
    await using clients = await Clients.start(wire, { clientMessagesPerSecond: 10, throttlingBurst: 2 })
    const subscriber = await clients.subscriber()
    const publisher = await clients.connect('publisher')
    await publisher.send(messages(60))
    await clients.quiet()
    expect(takeAll(subscriber) / BYTES).toBe(21)
    expect(await clients.arrivals(subscriber, 5)).toEqual([10, 10, 10, 9, 0])
  })

  it('a client is read no faster than its limit of bytes, in whatever pieces it sends', async () => {
    await using clients = await Clients.start(wire, { clientBytesPerSecond: 10 * BYTES })
    const subscriber = await clients.subscriber()
    const publisher = await clients.connect('publisher')
    const other = await clients.connect('other')
    await clients.arrivals(subscriber, 10)
    for (let piece = 0; piece < 10; piece++) await publisher.send(messages(5))
    await clients.quiet()
    const first = takeAll(subscriber) / BYTES
    expect(first).toBeLessThan(50)
    await other.send(messages(5))
    await clients.quiet()
    expect(takeAll(subscriber) / BYTES).toBe(5)
    // Of 50 messages 10 may come at once.
    const seconds = await clients.secondsUntilNext(subscriber, [publisher], 50 - first)
    expect(seconds).toBeGreaterThanOrEqual(4)
    expect(seconds).toBeLessThanOrEqual(6)
  })

  it('a client that is held back is not taken for idle, and can go', async () => {
    await using clients = await Clients.start(wire, { clientMessagesPerSecond: 1 })
    const subscriber = await clients.subscriber()
    const publisher = await clients.connect('publisher', 2)
    await publisher.send(messages(12))
    await clients.quiet()
    expect(takeAll(subscriber) / BYTES).toBe(2)
    expect((await clients.arrivals(subscriber, 9)).every((count) => count === 1)).toBe(true)
    expect(publisher.isEnded).toBe(false)
    await clients.arrivals(subscriber, 5)
    expect(publisher.isEnded).toBe(true)
  })

  it('the bandwidth of all clients together is limited', async () => {
    await using clients = await Clients.start(wire, { incomingBandwidthThrottling: 20 * BYTES })
    const subscriber = await clients.subscriber()
    const publishers = [await clients.connect('a'), await clients.connect('b')]
    await clients.arrivals(subscriber, 10)
    for (let piece = 0; piece < 12; piece++) {
      for (const publisher of publishers) await publisher.send(messages(5))
    }
    await clients.quiet()
    const first = takeAll(subscriber) / BYTES
    expect(first).toBeLessThan(120)
    // Of 120 messages 20 may come at once.
    const seconds = await clients.secondsUntilNext(subscriber, publishers, 120 - first)
    expect(seconds).toBeGreaterThanOrEqual(4)
    expect(seconds).toBeLessThanOrEqual(7)
  })
})
