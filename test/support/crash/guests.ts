// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { type ClientMemory, newClient } from './client-memory.ts'
import { CrashClient } from './crash-client.ts'
import type { Network } from './network.ts'
import type { Part } from './part.ts'

const { V3_1_1, V5 } = ProtocolVersion

const GUESTS = [
  { clientId: 'guest-5', version: V5 },
  { clientId: 'guest-5b', version: V5 },
  { clientId: 'guest-3', version: V3_1_1 },
] as const

/** Whether the broker has a session of the client. */
type Presence = 'yes' | 'no' | 'perhaps'

interface GuestsMemory {
  readonly clients: Record<string, ClientMemory>
  readonly presence: Record<string, Presence>
}

/** Clients whose sessions begin and end: Session Present is what it has to be. */
export class Guests implements Part {
  readonly memory: GuestsMemory
  readonly #network: Network
  readonly #random: (below: number) => number
  readonly #clients: readonly CrashClient[]

  constructor(network: Network, random: (below: number) => number, memory: GuestsMemory = newMemory()) {
    this.memory = memory
    this.#network = network
    this.#random = random
    this.#clients = GUESTS.map(({ clientId }) => new CrashClient(network, memory.clients[clientId]!))
  }

  async setUp(): Promise<void> {
    await this.verify()
  }

  async verify(): Promise<void> {
    await Promise.all(
      this.#clients.map(async (client) => {
        await this.#visit(client)
        await client.disconnect()
      }),
    )
  }

  async run(): Promise<void> {
    await Promise.all(this.#clients.map((client) => this.#network.untilDown(() => this.#comeAndGo(client))))
  }

  async settle(): Promise<void> {
    await this.verify()
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.drop()))
  }

  async #comeAndGo(client: CrashClient): Promise<void> {
    const { presence } = this.memory
    const { clientId, version } = client.memory
    await sleep(this.#random(20))
    if (this.#network.isGoingDown) return
    switch (this.#random(3)) {
      case 0:
        await this.#visit(client)
        return client.disconnect()
      case 1:
        // The session that was there ends, and the new one with its connection.
        presence[clientId] = 'perhaps'
        if (await client.connect({ isBrief: true }))
          throw new Error(`${clientId} has a session in spite of Clean Start`)
        presence[clientId] = 'no'
        return client.drop()
      case 2:
        await this.#visit(client)
        if (version !== V5) return client.drop()
        presence[clientId] = 'perhaps'
        await client.disconnect(0)
        // The broker's death would have ended the connection as well.
        if (!this.#network.isGoingDown) presence[clientId] = 'no'
    }
  }

  async #visit(client: CrashClient): Promise<void> {
    const { presence } = this.memory
    const { clientId } = client.memory
    const before = presence[clientId]!
    if (before === 'no') presence[clientId] = 'perhaps'
    const isPresent = await client.connect()
    if (isPresent ? before === 'no' : before === 'yes') {
      throw new Error(`${clientId}: session present is ${isPresent}, expected '${before}'`)
    }
    presence[clientId] = 'yes'
  }
}

function newMemory(): GuestsMemory {
  return {
    clients: Object.fromEntries(GUESTS.map(({ clientId, version }) => [clientId, newClient(clientId, version)])),
    presence: Object.fromEntries(GUESTS.map(({ clientId }) => [clientId, 'no'])),
  }
}
