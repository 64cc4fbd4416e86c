// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import { Shedding } from '../broker/memory-guard.ts'
import { OverloadError, RateLimitExceededError } from '../extension-sdk/errors.ts'
import { TokenBucket } from '../util/token-bucket.ts'
import { extensionAtWork, runAsBroker } from './extension-context.ts'

/** How services reach the broker: never within a callback, which may have come from the middle of a delivery. */
export class BrokerAccess {
  #broker: Broker | null = null
  /** By the id of the extension; there is one where a rate is configured. */
  readonly #rates = new Map<string, TokenBucket>()

  attach(broker: Broker): void {
    this.#broker = broker
  }

  /**
   * What services promise begins here: it counts towards the extension's rate. Rejects with a RateLimitExceededError, and what
   * an extension that has stopped has forgotten to end: after a reload there would be two of it.
   */
  async #charge(): Promise<void> {
    const extension = extensionAtWork()
    if (extension?.hasEnded === true) throw new Error('The extension has stopped: services do nothing for it any more')
    if (this.#broker === null) return
    const { settings, clock, metrics } = this.#broker
    const { extensionCallsPerSecond: perSecond, throttlingBurst, throttlingMode } = settings
    if (perSecond === 0) return
    const now = clock.now()
    const id = extension?.information.id ?? ''
    let bucket = this.#rates.get(id)
    if (bucket === undefined)
      this.#rates.set(id, (bucket = new TokenBucket(perSecond, perSecond * throttlingBurst, now)))
    if (bucket.tryTake(1, now)) return
    metrics.throttledExtensions++
    if (throttlingMode === 'count') return
    throw new RateLimitExceededError(`More than the ${perSecond} calls per second that are configured`)
  }

  /** Runs `act` in a turn of its own, and waits until what it has changed is durable. Order is that of the calls. */
  async change<T>(act: (broker: Broker) => T): Promise<T> {
    await this.#charge()
    return runAsBroker(async () => {
      const broker = this.#running
      broker.tick()
      const result = act(broker)
      await whenDurable(broker)
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
    await this.#charge()
    return runAsBroker(() => look(this.#running))
  }

  /** A further step of what was begun by one of the others. */
  async goOn<T>(look: (broker: Broker) => T): Promise<T> {
    await Promise.resolve()
    return runAsBroker(() => look(this.#running))
  }

  /** What all those steps have changed is durable. */
  async whenDurable(): Promise<void> {
    await this.goOn(whenDurable)
  }

  get #running(): Broker {
    if (this.#broker === null) throw new Error('The broker is not there yet')
    if (this.#broker.isStopped) throw new Error('The broker has stopped')
    return this.#broker
  }
}

function whenDurable({ store }: Broker): Promise<void> {
  return new Promise((resolve) => store.whenDurable(resolve))
}
