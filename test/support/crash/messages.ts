// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import type { QoS } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { type ClientMemory, newClient } from './client-memory.ts'
import { CrashClient, requestOf, textOf } from './crash-client.ts'
import type { Network } from './network.ts'
import type { Part } from './part.ts'

const { V3_1_1, V5 } = ProtocolVersion

/** How a reader goes about it while the broker is loaded. */
type Habit = 'online' | 'offline' | 'slow' | 'unsteady'

interface Reader {
  readonly clientId: string
  readonly version: ProtocolVersion
  readonly qos: QoS
  readonly habit: Habit
  readonly topicFilter: string
}

const ALL = 'load/#'
const SHARED = '$share/crew/load/#'

const READERS: readonly Reader[] = [
  { clientId: 'online-2', version: V5, qos: 2, habit: 'online', topicFilter: ALL },
  { clientId: 'online-1', version: V3_1_1, qos: 1, habit: 'online', topicFilter: ALL },
  { clientId: 'offline', version: V3_1_1, qos: 2, habit: 'offline', topicFilter: ALL },
  { clientId: 'slow', version: V5, qos: 2, habit: 'slow', topicFilter: ALL },
  { clientId: 'unsteady', version: V5, qos: 2, habit: 'unsteady', topicFilter: ALL },
  { clientId: 'crew-steady', version: V5, qos: 1, habit: 'online', topicFilter: SHARED },
  { clientId: 'crew-unsteady', version: V3_1_1, qos: 1, habit: 'unsteady', topicFilter: SHARED },
]

const PUBLISHERS = [
  { clientId: 'publisher-5', version: V5 },
  { clientId: 'publisher-5b', version: V5 },
  { clientId: 'publisher-3', version: V3_1_1 },
] as const

/** Each publisher has a topic of each. */
const STREAM_QOS: readonly QoS[] = [1, 2]
const SLOW_MS = 3
const SLOW_RECEIVE_MAXIMUM = 7
/** Now and then a payload that does not fit a page of the store. */
const LARGE_EVERY = 41
const LARGE_BYTES = 9_000

interface MessagesMemory {
  readonly clients: Record<string, ClientMemory>
  /** Messages of a topic are numbered from 1 on; the last one that was sent. */
  readonly sent: Record<string, number>
  /** The last one that a reader has got, by reader and topic. */
  readonly last: Record<string, Record<string, number>>
  /** What some member of the group has got, by topic. */
  readonly crew: Record<string, Set<number>>
}

export interface MessagesOptions {
  readonly random: (below: number) => number
  /** The most that a publisher sends in one run. */
  readonly limit: number
}

/** Numbered messages of QoS 1 and 2 to readers of all habits: each must get all of them, in their order. */
export class Messages implements Part {
  readonly memory: MessagesMemory
  readonly #network: Network
  readonly #options: MessagesOptions
  readonly #readers: readonly { reader: Reader; client: CrashClient }[]
  readonly #publishers: readonly CrashClient[]
  readonly #left = new Map<CrashClient, number>()

  constructor(network: Network, options: MessagesOptions, memory: MessagesMemory = newMemory()) {
    this.memory = memory
    this.#network = network
    this.#options = options
    this.#readers = READERS.map((reader) => {
      const onMessage = (publish: Publish): void => this.#onMessage(reader, publish)
      return { reader, client: new CrashClient(network, memory.clients[reader.clientId]!, { onMessage }) }
    })
    this.#publishers = PUBLISHERS.map(({ clientId }) => {
      const client: CrashClient = new CrashClient(network, memory.clients[clientId]!, {
        onTaken: ({ topicName }, reasonCode) => {
          if (reasonCode !== 0) throw new Error(`${topicName} has no subscribers (${reasonCode})`)
          this.#publishMore(client)
        },
      })
      return client
    })
  }

  async setUp(): Promise<void> {
    await this.verify()
    await Promise.all(
      this.#readers.map(({ reader: { topicFilter, qos }, client }) => client.subscribe([requestOf(topicFilter, qos)])),
    )
  }

  async verify(): Promise<void> {
    const readers = this.#readers.map(({ reader: { habit }, client }) =>
      client.resume(habit === 'slow' ? { receiveMaximum: SLOW_RECEIVE_MAXIMUM } : {}),
    )
    await Promise.all([...readers, ...this.#publishers.map((client) => client.resume())])
  }

  async run(): Promise<void> {
    const { limit, random } = this.#options
    const readers = this.#readers.map(({ reader, client }) => this.#runReader(reader, client))
    for (const client of this.#publishers) {
      this.#left.set(client, Math.ceil(limit / 2) + random(limit / 2))
      this.#publishMore(client)
    }
    await Promise.all([...readers, ...this.#publishers.map(({ ended }) => ended)])
    this.#left.clear()
  }

  async settle(): Promise<void> {
    for (const { client } of this.#readers) {
      client.answerMs = 0
      if (!client.isConnected) await client.resume()
    }
    await this.#network.until(
      () => this.#publishers.every(({ memory }) => memory.outgoing.length === 0),
      () => `answers for ${JSON.stringify(this.#publishers.map(({ memory }) => memory.outgoing))}`,
    )
    // What a queue has twice comes before these.
    for (const client of this.#publishers) {
      for (const topicName of topicsOf(client.memory)) this.#publish(client, topicName)
    }
    await this.#network.until(
      () => this.#publishers.every(({ memory }) => memory.outgoing.length === 0) && this.#missing().length === 0,
      () => this.#missing().join('\n'),
    )
  }

  async end(): Promise<void> {
    await Promise.all(
      [...this.#readers.map(({ client }) => client), ...this.#publishers].map((client) => client.drop()),
    )
  }

  async #runReader({ habit }: Reader, client: CrashClient): Promise<void> {
    if (habit === 'offline') return client.disconnect()
    if (habit === 'unsteady') await this.#network.untilDown(() => this.#comeAndGo(client))
    if (habit === 'slow') client.answerMs = SLOW_MS
    await client.ended
  }

  async #comeAndGo(client: CrashClient): Promise<void> {
    const { random } = this.#options
    if (!client.isConnected) await client.resume()
    await sleep(random(40))
    if (this.#network.isGoingDown) return
    await (random(2) === 0 ? client.drop() : client.disconnect())
    await sleep(random(20))
  }

  #publishMore(client: CrashClient): void {
    const topicNames = topicsOf(client.memory)
    for (let left = this.#left.get(client) ?? 0; left > 0 && client.mayPublish; left--) {
      this.#left.set(client, left - 1)
      this.#publish(client, topicNames[this.#options.random(topicNames.length)]!)
    }
  }

  #publish(client: CrashClient, topicName: string): void {
    const number = (this.memory.sent[topicName] ?? 0) + 1
    this.memory.sent[topicName] = number
    const padding = number % LARGE_EVERY === 0 ? LARGE_BYTES : number % 90
    client.publish(topicName, String(number), qosOf(topicName), { padding })
  }

  #onMessage({ clientId, qos, topicFilter }: Reader, publish: Publish): void {
    const { topicName } = publish
    const number = Number(textOf(publish))
    if (topicFilter === SHARED) {
      ;(this.memory.crew[topicName] ??= new Set()).add(number)
      return
    }
    const last = (this.memory.last[clientId] ??= {})
    const before = last[topicName] ?? 0
    if (number > before + 1) throw new Error(`${clientId} gets ${topicName} ${number} after ${before}`)
    if (number <= before && qos === 2 && qosOf(topicName) === 2) {
      throw new Error(`${clientId} gets ${topicName} ${number} a second time, after ${before}`)
    }
    last[topicName] = Math.max(number, before)
  }

  #missing(): string[] {
    const { sent, last, crew } = this.memory
    const missing: string[] = []
    for (const [topicName, number] of Object.entries(sent)) {
      for (const { clientId, topicFilter } of READERS) {
        const got = last[clientId]?.[topicName] ?? 0
        if (topicFilter === ALL && got !== number) missing.push(`${clientId} has ${topicName} ${got} of ${number}`)
      }
      const ofCrew = crew[topicName] ?? new Set()
      if (ofCrew.size === number) continue
      const lost = Array.from({ length: number }, (_none, i) => i + 1).filter((n) => !ofCrew.has(n))
      missing.push(`the crew lacks ${topicName} ${lost.join()}`)
    }
    return missing
  }
}

function newMemory(): MessagesMemory {
  const clients = [...READERS, ...PUBLISHERS].map(({ clientId, version }) => newClient(clientId, version))
  return { clients: Object.fromEntries(clients.map((c) => [c.clientId, c])), sent: {}, last: {}, crew: {} }
}

function topicsOf({ clientId }: ClientMemory): string[] {
  return STREAM_QOS.map((qos) => `load/${clientId}/${qos}`)
}

function qosOf(topicName: string): QoS {
  return Number(topicName.at(-1)) as QoS
}
