// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import { Shedding } from '../broker/memory-guard.ts'
import { OverloadError } from '../extension-sdk/errors.ts'
import { runAsBroker } from './extension-context.ts'

/** How services reach the broker: never within a callback, which may have come from the middle of a delivery. */
export class BrokerAccess {
  #broker: Broker | null = null

  attach(broker: Broker): void {
    this.#broker = broker
  }

  /** Runs `act` in a turn of its own, and waits until what it has changed is durable. Order is that of the calls. */
  async change<T>(act: (broker: Broker) => T): Promise<T> {
    await Promise.resolve()
    return runAsBroker(async () => {
      const broker = this.#running
      broker.tick()
      const result = act(broker)
      await new Promise<void>((resolve) => broker.store.whenDurable(resolve))
      return result
    })
  }

  /** Changes that an overloaded broker does not take on. */
  async add<T>(act: (broker: Broker) => T): Promise<T> {
    return this.change((broker) => {
      if (broker.store.isFull) throw new OverloadError('The store cannot be written: nothing new is taken on')
      if (broker.memory.level >= Shedding.REFUSE_PUBLISHES) throw new OverloadError('Memory is short')
      return act(broker)
    })
  }

  async read<T>(look: (broker: Broker) => T): Promise<T> {
    await Promise.resolve()
    return runAsBroker(() => look(this.#running))
  }

  get #running(): Broker {
    if (this.#broker === null) throw new Error('The broker is not there yet')
    if (this.#broker.isStopped) throw new Error('The broker has stopped')
    return this.#broker
  }
}
