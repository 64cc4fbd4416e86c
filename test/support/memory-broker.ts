// SPDX-License-Identifier: Apache-2.0
import type { Authorizer } from '../../src/broker/authorizer.ts'
import type { BrokerEvents } from '../../src/broker/broker-events.ts'
import { Broker } from '../../src/broker/broker.ts'
import type { ExtensionHooks } from '../../src/broker/extension-hooks.ts'
import type { MemoryProbe } from '../../src/broker/memory-guard.ts'
import type { Logger } from '../../src/broker/logger.ts'
import { type BrokerSettings, DEFAULT_SETTINGS } from '../../src/broker/settings.ts'
import { FlushQueue } from '../../src/net/flush-queue.ts'
import { StreamLink } from '../../src/net/link.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryTransport } from './memory-transport.ts'
import { strictLogger } from './strict-logger.ts'

export interface MemoryBrokerOptions {
  readonly settings?: Partial<BrokerSettings>
  readonly authorizer?: Authorizer
  readonly extensions?: ExtensionHooks
  readonly store?: Store
  readonly memoryProbe?: MemoryProbe
  readonly clock?: FakeClock
  /** Takes the place of the one that fails the test on every fault of ours. */
  readonly logger?: Logger
  /** Hears of what happens to clients, from the start on. */
  readonly listener?: BrokerEvents
}

/** A whole broker in memory: real parts, no sockets, time in the hands of the test. */
export class MemoryBroker {
  readonly clock: FakeClock
  readonly store: Store
  broker: Broker
  readonly #options: MemoryBrokerOptions
  #flushes: (() => void)[] = []
  #flushQueue = this.#newFlushQueue()
  #transports: MemoryTransport[] = []

  private constructor(options: MemoryBrokerOptions) {
    this.#options = options
    this.clock = options.clock ?? new FakeClock()
    this.store = options.store ?? new MemoryStore()
    this.broker = this.#newBroker()
  }

  static async start(options: MemoryBrokerOptions = {}): Promise<MemoryBroker> {
    const memoryBroker = new MemoryBroker(options)
    await memoryBroker.broker.start()
    return memoryBroker
  }

  /** A new connection to the broker. */
  open(transport: MemoryTransport = new MemoryTransport()): MemoryTransport {
    // Those that are gone are forgotten when they are more than half.
    if (this.#transports.length > 2 * this.broker.connections.size + 10) {
      this.#transports = this.#transports.filter(({ isClosed }) => !isClosed)
    }
    this.#transports.push(transport)
    this.broker.accept(new StreamLink(transport, this.#flushQueue))
    return transport
  }

  /** Ends the turn: output that was collected is sent, and the books of deliveries balance. */
  settle(): void {
    while (this.#flushes.length > 0) this.#flushes.shift()!()
    const { unaccounted, internalErrors } = this.broker.metrics
    if (unaccounted !== 0 && internalErrors === 0) throw new Error(`${unaccounted} deliveries are not accounted for`)
  }

  /** One turn of the event loop; false when nothing is left to be done. */
  turn(): boolean {
    this.#flushes.shift()?.()
    return this.#flushes.length > 0
  }

  advance(ms: number): void {
    this.settle()
    this.clock.advance(ms)
    this.settle()
  }

  /** Stops as on SIGTERM and starts again with what the store has. */
  async restart(downMs = 0): Promise<void> {
    const stopped = this.broker.stop()
    this.settle()
    // Clients that are told goodbye close their side.
    for (const transport of this.#transports) transport.drop()
    await stopped
    await this.#startAnew(downMs)
  }

  /** Starts again as after a power cut: nothing of the old broker is said or done any more. */
  async crash(downMs = 0): Promise<void> {
    // With what it had collected but not sent.
    this.#flushes = []
    this.#flushQueue = this.#newFlushQueue()
    await this.#startAnew(downMs)
  }

  #newFlushQueue(): FlushQueue {
    return new FlushQueue((flush) => this.#flushes.push(flush))
  }

  /** Time passes while no broker is there. */
  async #startAnew(downMs: number): Promise<void> {
    this.broker.wheel.clear()
    this.clock.advance(downMs)
    this.#transports = []
    this.broker = this.#newBroker()
    await this.broker.start()
  }

  #newBroker(): Broker {
    const { settings, authorizer, extensions, logger, listener, memoryProbe } = this.#options
    const broker = new Broker({
      settings: { ...DEFAULT_SETTINGS, ...settings },
      store: this.store,
      clock: this.clock,
      logger: logger ?? strictLogger,
      ...(authorizer && { authorizer }),
      ...(extensions && { extensions }),
      ...(memoryProbe && { memoryProbe }),
    })
    if (listener !== undefined) broker.events.add(listener)
    return broker
  }
}
