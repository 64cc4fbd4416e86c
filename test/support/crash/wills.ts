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

const MORTALS = [
  { clientId: 'mortal-brief-5', version: V5, isBrief: true, qos: 2 },
  { clientId: 'mortal-brief-3', version: V3_1_1, isBrief: true, qos: 1 },
  { clientId: 'mortal-kept-5', version: V5, isBrief: false, qos: 1 },
  { clientId: 'mortal-kept-3', version: V3_1_1, isBrief: false, qos: 2 },
] as const

/** Whether the will of a connection has to be published. */
type Due = 'yes' | 'no' | 'perhaps'

interface WillsMemory {
  readonly clients: Record<string, ClientMemory>
  /** By client and number of the connection, of those that are not settled. */
  readonly due: Record<string, Due>
  /** How often they came. */
  readonly came: Record<string, number>
  connections: number
}

/** Clients with wills: published once if the connection was lost, also by the death of the broker, and not after DISCONNECT. */
export class Wills implements Part {
  readonly memory: WillsMemory
  readonly #network: Network
  readonly #random: (below: number) => number
  readonly #witness: CrashClient
  readonly #mortals: readonly ((typeof MORTALS)[number] & { client: CrashClient })[]

  constructor(network: Network, random: (below: number) => number, memory: WillsMemory = newMemory()) {
    this.memory = memory
    this.#network = network
    this.#random = random
    const witness = memory.clients['witness']!
    this.#witness = new CrashClient(network, witness, { onMessage: (publish) => this.#onWill(publish) })
    this.#mortals = MORTALS.map((mortal) => {
      return { ...mortal, client: new CrashClient(network, memory.clients[mortal.clientId]!) }
    })
  }

  async setUp(): Promise<void> {
    await this.#witness.resume()
    await this.#witness.subscribe([requestOf('wills/#', 2)])
  }

  async verify(): Promise<void> {
    await this.#witness.resume()
    await this.#untilAllCame()
  }

  async run(): Promise<void> {
    const lives = this.#mortals.map(({ client, isBrief, qos }) =>
      this.#network.untilDown(() => this.#live(client, isBrief, qos)),
    )
    await Promise.all([...lives, this.#witness.ended])
  }

  async settle(): Promise<void> {
    await this.#untilAllCame()
  }

  async end(): Promise<void> {
    await Promise.all([this.#witness, ...this.#mortals.map(({ client }) => client)].map((client) => client.drop()))
  }

  async #live(client: CrashClient, isBrief: boolean, qos: QoS): Promise<void> {
    const { due } = this.memory
    const topicName = `wills/${client.memory.clientId}`
    const text = `${++this.memory.connections} ${qos}`
    due[text] = 'perhaps'
    const will = { topicName, payload: Buffer.from(text), qos, retain: false, properties: {} }
    if (isBrief) await client.connect({ isBrief, will })
    else await client.resume({ will })
    due[text] = 'yes'
    await sleep(this.#random(60))
    if (this.#network.isGoingDown) return client.ended
    if (this.#random(2) === 0) return client.drop()
    due[text] = 'perhaps'
    await client.disconnect()
    // The broker's death would have ended the connection as well.
    if (!this.#network.isGoingDown) due[text] = 'no'
  }

  #onWill(publish: Publish): void {
    const text = textOf(publish)
    const { came, due } = this.memory
    came[text] = (came[text] ?? 0) + 1
    if (due[text] === 'no') throw new Error(`the will ${publish.topicName} ${text} comes after DISCONNECT`)
    if (came[text] > 1 && text.endsWith(' 2')) throw new Error(`the will ${publish.topicName} ${text} comes twice`)
  }

  async #untilAllCame(): Promise<void> {
    const missing = (): string[] =>
      Object.entries(this.memory.due).flatMap(([text, due]) => (due === 'yes' && !this.memory.came[text] ? [text] : []))
    await this.#network.until(
      () => missing().length === 0,
      () => `the wills ${missing().join(', ')}`,
    )
  }
}

function newMemory(): WillsMemory {
  const clients = [newClient('witness', V5), ...MORTALS.map(({ clientId, version }) => newClient(clientId, version))]
  return { clients: Object.fromEntries(clients.map((c) => [c.clientId, c])), due: {}, came: {}, connections: 0 }
}
