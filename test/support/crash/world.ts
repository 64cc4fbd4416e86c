// SPDX-License-Identifier: Apache-2.0
import { Guests } from './guests.ts'
import { Messages } from './messages.ts'
import { Network } from './network.ts'
import type { Part } from './part.ts'
import { RetainedValues } from './retained-values.ts'
import { SubscriptionChanges } from './subscription-changes.ts'
import { Wills } from './wills.ts'

/** What all parts know: plain data. */
export interface WorldMemory {
  readonly messages: Messages['memory']
  readonly values: RetainedValues['memory']
  readonly changes: SubscriptionChanges['memory']
  readonly wills: Wills['memory']
  readonly guests: Guests['memory']
}

export interface WorldOptions {
  readonly random: (below: number) => number
  /** The most messages that a publisher sends in one run. */
  readonly limit: number
}

/**
 * The clients of a broker that is killed at any moment, and what it has promised them. The broker may know more than they
 * do, but nothing that it has acknowledged may be missing, and nothing of QoS 2 may come twice.
 */
export class World implements AsyncDisposable {
  readonly network: Network = new Network()
  readonly memory: WorldMemory
  readonly #parts: readonly Part[]

  /** With `memory` it is the world of that moment, after the broker has died and before it is back. */
  constructor({ random, limit }: WorldOptions, memory?: WorldMemory) {
    const { network } = this
    const messages = new Messages(network, { random, limit }, memory?.messages)
    const values = new RetainedValues(network, random, memory?.values)
    const changes = new SubscriptionChanges(network, random, memory?.changes)
    const wills = new Wills(network, random, memory?.wills)
    const guests = new Guests(network, random, memory?.guests)
    this.#parts = [messages, values, changes, wills, guests]
    this.memory = {
      messages: messages.memory,
      values: values.memory,
      changes: changes.memory,
      wills: wills.memory,
      guests: guests.memory,
    }
  }

  setUp(): Promise<void> {
    return this.#all((part) => part.setUp())
  }

  verify(): Promise<void> {
    return this.#all((part) => part.verify())
  }

  run(): Promise<void> {
    return this.#all((part) => part.run())
  }

  settle(): Promise<void> {
    return this.#all((part) => part.settle())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.network.isGoingDown = true
    this.network.onChanged = () => undefined
    await Promise.all(this.#parts.map((part) => part.end()))
  }

  #all(work: (part: Part) => Promise<void>): Promise<void> {
    return this.network.orFail(Promise.all(this.#parts.map(work)).then(() => undefined))
  }
}
