// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { type ClientMemory, newClient } from './client-memory.ts'
import { CrashClient, requestOf, textOf } from './crash-client.ts'
import type { Network } from './network.ts'
import type { Part } from './part.ts'

const FILTERS = 6
const LAST_FILTER = 'changes-end'

/** A subscription in a word: QoS and identifier; '' for none. */
type Subscribed = string

interface ChangesMemory {
  readonly client: ClientMemory
  /** Of each filter what may be in force: one when the broker has acknowledged it, two while a change is under way. */
  readonly possible: Subscribed[][]
  lastIdentifier: number
  probes: number
}

/** Subscriptions that come, change and go: what was acknowledged last is in force. */
export class SubscriptionChanges implements Part {
  readonly memory: ChangesMemory
  readonly #network: Network
  readonly #random: (below: number) => number
  readonly #client: CrashClient
  /** What has come since the probes were sent, by topic; LAST_FILTER has the number of the probes. */
  #found = new Map<string, string>()

  constructor(network: Network, random: (below: number) => number, memory: ChangesMemory = newMemory()) {
    this.memory = memory
    this.#network = network
    this.#random = random
    this.#client = new CrashClient(network, memory.client, { onMessage: (publish) => this.#onMessage(publish) })
  }

  async setUp(): Promise<void> {
    await this.#client.resume()
    await this.#client.subscribe([requestOf(LAST_FILTER, 1)])
  }

  async verify(): Promise<void> {
    await this.#client.resume()
    await this.settle()
  }

  async run(): Promise<void> {
    await this.#network.untilDown(() => this.#change())
    await this.#client.ended
  }

  /** A message to each filter shows what is in force. */
  async settle(): Promise<void> {
    const { memory } = this
    const probe = String(++memory.probes)
    this.#found = new Map()
    const prober = new CrashClient(this.#network, newClient('prober', ProtocolVersion.V3_1_1))
    await prober.connect({ isBrief: true })
    for (const topicName of [...memory.possible.map((_none, filter) => filterOf(filter)), LAST_FILTER]) {
      prober.publish(topicName, probe, 2)
    }
    await this.#network.until(
      () => this.#found.get(LAST_FILTER) === probe && prober.memory.outgoing.length === 0,
      () => `the message to ${LAST_FILTER}`,
    )
    await prober.disconnect()
    for (const [filter, possible] of memory.possible.entries()) {
      const found = this.#found.get(filterOf(filter)) ?? ''
      if (!possible.includes(found)) {
        throw new Error(`${filterOf(filter)} is subscribed '${found}', expected '${possible.join("' or '")}'`)
      }
      memory.possible[filter] = [found]
    }
  }

  async end(): Promise<void> {
    await this.#client.drop()
  }

  async #change(): Promise<void> {
    const { memory } = this
    const filters = [...new Set([this.#random(FILTERS), this.#random(FILTERS)])]
    const topicFilters = filters.map(filterOf)
    const isEnd = this.#random(3) === 0
    const qos = (1 + this.#random(2)) as QoS
    const identifier = ++memory.lastIdentifier
    const next = isEnd ? '' : `${qos} ${identifier}`
    for (const filter of filters) memory.possible[filter]!.push(next)
    if (isEnd) await this.#client.unsubscribe(topicFilters)
    else {
      await this.#client.subscribe(
        topicFilters.map((topicFilter) => requestOf(topicFilter, qos)),
        identifier,
      )
    }
    for (const filter of filters) memory.possible[filter] = [next]
  }

  #onMessage(publish: Publish): void {
    const { topicName, qos, properties } = publish
    // Late ones of earlier probes may come.
    if (textOf(publish) !== String(this.memory.probes)) return
    const word = topicName === LAST_FILTER ? textOf(publish) : `${qos} ${properties?.subscriptionIdentifiers?.join()}`
    this.#found.set(topicName, word)
  }
}

function newMemory(): ChangesMemory {
  const possible = Array.from({ length: FILTERS }, () => [''])
  return { client: newClient('changing', ProtocolVersion.V5), possible, lastIdentifier: 0, probes: 0 }
}

function filterOf(filter: number): string {
  return `changes/${filter}`
}
