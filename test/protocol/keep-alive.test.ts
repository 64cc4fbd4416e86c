// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/broker.ts'
import { DEFAULT_SETTINGS } from '../../src/broker/settings.ts'
import { encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { FlushQueue } from '../../src/net/flush-queue.ts'
import { TcpListener } from '../../src/net/tcp-listener.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { systemClock } from '../../src/util/clock.ts'
import { HeldStore } from '../support/held-store.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { ALL_VERSIONS, versionName } from '../support/script/script.ts'
import { strictLogger } from '../support/strict-logger.ts'

const MIB = 1024 * 1024

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))('MQTT $name', ({ version }) => {
  it('KA-08: a PUBLISH of 10 MB that takes ten seconds to arrive is delivered', async () => {
    const broker = await MemoryBroker.start()
    const subscriber = MemoryClient.connect(broker, 'subscriber', { version })
    subscriber.subscribe(['t'])
    const publisher = MemoryClient.connect(broker, 'publisher', { version, connect: { keepAliveSec: 2 } })
    const payload = Buffer.alloc(10 * MIB, 'm')
    const packet = encodePacket(publisher.toPublish('t', payload), version)
    const chunkBytes = Math.ceil(packet.length / 100)
    for (let at = 0; at < packet.length; at += chunkBytes) {
      publisher.sendBytes(packet.subarray(at, at + chunkBytes))
      broker.advance(100)
    }
    expect(publisher.transport.isEnded).toBe(false)
    const [publish] = subscriber.takePublishes()
    expect(Buffer.from(publish!.payload).equals(payload)).toBe(true)
    broker.advance(3_100)
    expect(publisher.transport.isEnded).toBe(true)
  })

  it('KA-10: PINGREQ is answered soon while others load the broker', { timeout: 20_000 }, async () => {
    using load = await LoadedBroker.start(version)
    // Publishers, broker and subscribers share one thread here, so an answer waits for all of them.
    const times = (await load.ping(600)).toSorted((a, b) => a - b)
    expect(times[Math.floor(times.length * 0.99)]).toBeLessThan(1_000)
    expect(load.delivered).toBeGreaterThan(10_000)
  })
})

const PINGREQ = Buffer.from([0xc0, 0x00])
const SECOND = 1_000

/** Why a client is not read: each holds it back, and lets it go. */
const REASONS: readonly [why: string, (version: ProtocolVersion) => Promise<HeldBack>][] = [
  ['a slow store', heldForStore],
  ['short memory', heldForMemory],
  ['a limit of rate', heldByLimit],
]

interface HeldBack {
  readonly broker: MemoryBroker
  /** Its keep alive is 2 s. */
  readonly client: MemoryClient
  readonly letGo: () => void
}

async function heldForStore(version: ProtocolVersion): Promise<HeldBack> {
  const store = new HeldStore()
  const broker = await MemoryBroker.start({ store })
  const client = MemoryClient.connect(broker, 'client', { version, isPersistent: true, connect: { keepAliveSec: 2 } })
  store.isHeld = true
  client.sendSubscribe(['t'])
  return { broker, client, letGo: () => store.release() }
}

async function heldForMemory(version: ProtocolVersion): Promise<HeldBack> {
  let share = 0
  const broker = await MemoryBroker.start({
    memoryProbe: () => share,
    logger: { ...strictLogger, warn: () => undefined },
  })
  const client = MemoryClient.connect(broker, 'client', { version, connect: { keepAliveSec: 2 } })
  client.publish('t', Buffer.alloc(10_000))
  share = 0.91
  broker.advance(250)
  return { broker, client, letGo: () => void (share = 0) }
}

async function heldByLimit(version: ProtocolVersion): Promise<HeldBack> {
  const broker = await MemoryBroker.start({ settings: { clientBytesPerSecond: 1_000 } })
  const client = MemoryClient.connect(broker, 'client', { version, connect: { keepAliveSec: 2 } })
  client.publish('t', Buffer.alloc(31_000))
  return { broker, client, letGo: () => undefined }
}

describe.each(ALL_VERSIONS.map((version) => ({ version, name: versionName(version) })))(
  'MQTT $name, a client that the broker does not read',
  ({ version }) => {
    it.each(REASONS)('for %s is not found dead as long as it sends something', async (_why, hold) => {
      const { broker, client, letGo } = await hold(version)
      expect(client.transport.isReadingPaused).toBe(true)
      for (let second = 0; second < 30; second++) {
        broker.advance(SECOND)
        client.sendBytes(PINGREQ)
      }
      expect(client.transport.isEnded).toBe(false)
      letGo()
      broker.advance(2 * SECOND)
      const answers = client.take().filter(({ type }) => type === PacketType.PINGRESP)
      expect(answers).toHaveLength(30)
    })

    it.each(REASONS)('for %s is read as ever when it was let go in its silence', async (_why, hold) => {
      const { broker, client, letGo } = await hold(version)
      // It is listened to, and nothing comes.
      broker.advance(4 * SECOND)
      letGo()
      for (let second = 0; second < 40; second++) {
        broker.advance(SECOND)
        client.sendBytes(PINGREQ)
      }
      expect(client.transport.isReadingPaused).toBe(false)
      expect(client.take().filter(({ type }) => type === PacketType.PINGRESP)).toHaveLength(40)
    })

    it.each(REASONS)('for %s is not found dead for a buffer that is full', async (_why, hold) => {
      const { broker, client } = await hold(version)
      // More than is kept of it meanwhile. The rest waits in the kernel, and that it lives cannot be seen.
      const publish = encodePacket(client.toPublish('t', Buffer.alloc(60_000)), version)
      for (let i = 0; i < 4; i++) client.sendBytes(publish)
      for (let second = 0; second < 30; second++) broker.advance(SECOND)
      expect(client.transport.isEnded).toBe(false)
      const [connection] = broker.broker.connections
      expect(connection!.reader.heldBytes).toBeLessThan(3 * publish.length)
    })

    it.each(REASONS)('for %s is found dead when it is silent', async (_why, hold) => {
      const { broker, client } = await hold(version)
      // The first three seconds nobody has looked.
      broker.advance(5 * SECOND)
      expect(client.transport.isEnded).toBe(false)
      broker.advance(2 * SECOND)
      expect(client.transport.isEnded).toBe(true)
    })
  },
)

// Clients of all versions.
it(
  'KA-12: 100 000 clients with a keep alive cost next to nothing while they are silent',
  { timeout: 20_000 },
  async () => {
    const broker = await MemoryBroker.start()
    const count = 100_000
    for (let i = 0; i < count; i++) {
      // Over ten seconds.
      if (i % 1_000 === 0) broker.advance(100)
      const transport = broker.open()
      transport.send(connectPacket(ALL_VERSIONS[i % ALL_VERSIONS.length]!, `client-${i}`, 60))
      broker.settle()
      transport.take()
    }
    expect(broker.broker.metrics.connections).toBe(count)
    expect(broker.clock.alarms).toBe(1)
    const before = process.cpuUsage()
    broker.advance(75_000)
    const { user, system } = process.cpuUsage(before)
    // 75 seconds of silence for less than 1 % of a core.
    expect(user + system).toBeLessThan(750_000)
    expect(broker.broker.metrics.connections).toBe(count)
    // And then every one of them is noticed.
    broker.advance(30_000)
    expect(broker.broker.metrics.connections).toBe(0)
  },
)

function connectPacket(version: ProtocolVersion, clientId: string, keepAliveSec: number): Buffer {
  const { CONNECT } = PacketType
  return encodePacket(
    { type: CONNECT, protocolVersion: version, cleanStart: true, keepAliveSec, clientId, properties: {} },
    version,
  )
}

/** A broker on a TCP port with publishers that send as much as it takes, and as many subscribers. */
class LoadedBroker implements Disposable {
  static readonly #PAIRS = 4
  delivered = 0
  #isStopped = false
  readonly #version: ProtocolVersion
  readonly #listener: TcpListener
  readonly #broker: Broker
  readonly #sockets: Socket[] = []

  private constructor(version: ProtocolVersion, broker: Broker, listener: TcpListener) {
    this.#version = version
    this.#broker = broker
    this.#listener = listener
  }

  static async start(version: ProtocolVersion): Promise<LoadedBroker> {
    const store = new MemoryStore()
    const broker = new Broker({ settings: DEFAULT_SETTINGS, store, clock: systemClock, logger: strictLogger })
    await broker.start()
    const listener = new TcpListener(
      { name: 'test', bindAddress: '127.0.0.1', port: 0 },
      new FlushQueue(),
      (link) => broker.accept(link),
      (error) => strictLogger.error(error.message),
    )
    await listener.open()
    const load = new LoadedBroker(version, broker, listener)
    for (let pair = 0; pair < LoadedBroker.#PAIRS; pair++) await load.#addPair(pair)
    return load
  }

  /** Sends PINGREQ for so long, one after another, and returns how long each answer took. */
  async ping(durationMs: number): Promise<number[]> {
    const socket = await this.#connect('pinger')
    const times: number[] = []
    for (const end = performance.now() + durationMs; performance.now() < end;) {
      const begin = performance.now()
      socket.write(Buffer.from([0xc0, 0x00]))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      if (answer.toString('hex') !== 'd000') throw new Error('not PINGRESP')
      times.push(performance.now() - begin)
      await sleep(5)
    }
    return times
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    for (const socket of this.#sockets) socket.destroy()
    this.#listener.close()
    this.#broker.wheel.clear()
  }

  async #addPair(pair: number): Promise<void> {
    const topicFilter = `load/${pair}`
    const subscriber = await this.#connect(`subscriber-${pair}`)
    const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    const subscriptions = [{ topicFilter, ...options }]
    subscriber.write(encodePacket({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions }, this.#version))
    await once(subscriber, 'data')
    const message = { topicName: topicFilter, payload: Buffer.alloc(100), qos: 0, retain: false, dup: false } as const
    const packet = encodePacket({ type: PacketType.PUBLISH, ...message }, this.#version)
    subscriber.on('data', (chunk: Buffer) => {
      this.delivered += chunk.length / packet.length
    })
    const publisher = await this.#connect(`publisher-${pair}`)
    const burst = Buffer.concat(new Array<Buffer>(100).fill(packet))
    const publish = (): void => {
      if (!this.#isStopped) publisher.write(burst, publish)
    }
    publish()
  }

  async #connect(clientId: string): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: this.#listener.port, noDelay: true })
    // A broker that stops resets what is under way.
    socket.on('error', () => undefined)
    this.#sockets.push(socket)
    socket.write(connectPacket(this.#version, clientId, 0))
    await once(socket, 'data')
    return socket
  }
}
