// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { type ClientMemory, newClient } from './client-memory.ts'
import { CrashClient, requestOf, textOf } from './crash-client.ts'
import type { Network } from './network.ts'
import type { Part } from './part.ts'

const TOPICS = 6
/** Each so-manieth change of a topic takes away what is retained. */
const CLEARED_EVERY = 4
const LAST_TOPIC = 'values-end'

interface ValuesMemory {
  readonly publisher: ClientMemory
  /** The changes of each topic are numbered from 1 on; the last one that was sent, and the last that the broker has taken. */
  readonly sent: number[]
  readonly taken: number[]
}

/** Retained messages that are set and cleared: what was acknowledged last, or a later one that was sent, is in force. */
export class RetainedValues implements Part {
  readonly memory: ValuesMemory
  readonly #network: Network
  readonly #random: (below: number) => number
  readonly #publisher: CrashClient
  #isRunning = false

  constructor(network: Network, random: (below: number) => number, memory: ValuesMemory = newMemory()) {
    this.memory = memory
    this.#network = network
    this.#random = random
    this.#publisher = new CrashClient(network, memory.publisher, {
      onTaken: ({ topicName }) => {
        if (topicName === LAST_TOPIC) return
        memory.taken[indexOf(topicName)]!++
        this.#change()
      },
    })
  }

  async setUp(): Promise<void> {
    await this.#publisher.resume()
    this.#publisher.publish(LAST_TOPIC, 'end', 1, { retain: true })
    await this.#untilTaken()
  }

  async verify(): Promise<void> {
    const found = await this.#lookAtAll()
    for (let topic = 0; topic < TOPICS; topic++) {
      const taken = this.memory.taken[topic]!
      const sent = this.memory.sent[topic]!
      const expected = Array.from({ length: sent - taken + 1 }, (_none, i) => valueOf(taken + i))
      const value = found.get(topicOf(topic)) ?? ''
      if (expected.includes(value)) continue
      throw new Error(`${topicOf(topic)} has '${value}', expected '${expected.join("' or '")}'`)
    }
    await this.#publisher.resume()
  }

  async run(): Promise<void> {
    this.#isRunning = true
    this.#change()
    await this.#publisher.ended
    this.#isRunning = false
  }

  async settle(): Promise<void> {
    await this.#untilTaken()
    await this.#verifyLast()
  }

  async end(): Promise<void> {
    await this.#publisher.drop()
  }

  /** Everything is taken: now each topic has its last value. */
  async #verifyLast(): Promise<void> {
    const found = await this.#lookAtAll()
    for (let topic = 0; topic < TOPICS; topic++) {
      const expected = valueOf(this.memory.sent[topic]!)
      const value = found.get(topicOf(topic)) ?? ''
      if (value !== expected) throw new Error(`${topicOf(topic)} has '${value}' in the end, expected '${expected}'`)
    }
  }

  #change(): void {
    while (this.#isRunning && this.#publisher.mayPublish) {
      const topic = this.#random(TOPICS)
      const number = ++this.memory.sent[topic]!
      this.#publisher.publish(topicOf(topic), valueOf(number), qosOf(topic), { retain: true })
    }
  }

  async #untilTaken(): Promise<void> {
    const { outgoing } = this.memory.publisher
    await this.#network.until(
      () => outgoing.length === 0,
      () => `answers for ${JSON.stringify(outgoing)}`,
    )
  }

  /** What somebody new gets. */
  async #lookAtAll(): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    const client = new CrashClient(this.#network, newClient('value-reader', ProtocolVersion.V5), {
      onMessage: (publish) => found.set(publish.topicName, textOf(publish)),
    })
    await client.connect({ isBrief: true })
    await client.subscribe([requestOf('values/#', 0)])
    // Comes after all that the first subscription brings.
    await client.subscribe([requestOf(LAST_TOPIC, 0)])
    await this.#network.until(
      () => found.has(LAST_TOPIC),
      () => `the retained message of ${LAST_TOPIC}`,
    )
    await client.disconnect()
    return found
  }
}

function newMemory(): ValuesMemory {
  const none = Array.from({ length: TOPICS }, () => 0)
  return { publisher: newClient('value-publisher', ProtocolVersion.V5), sent: [...none], taken: [...none] }
}

function topicOf(topic: number): string {
  return `values/${topic}`
}

function indexOf(topicName: string): number {
  return Number(topicName.slice('values/'.length))
}

/** Not both on one topic: a QoS 1 message that is sent again would come after a QoS 2 message that is known already. */
function qosOf(topic: number): QoS {
  return topic % 2 === 0 ? 1 : 2
}

/** Empty where the change takes the message away. */
function valueOf(number: number): string {
  return number % CLEARED_EVERY === 0 ? '' : String(number)
}
