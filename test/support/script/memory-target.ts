// SPDX-License-Identifier: Apache-2.0
import type { Authorizer } from '../../../src/broker/authorizer.ts'
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import { MemoryBroker } from '../memory-broker.ts'
import type { MemoryTransport } from '../memory-transport.ts'
import type { Target, TargetStream } from './target.ts'

class MemoryStream implements TargetStream {
  readonly #broker: MemoryBroker
  readonly #transport: MemoryTransport
  #received: Buffer = Buffer.alloc(0)

  constructor(broker: MemoryBroker) {
    this.#broker = broker
    this.#transport = broker.open()
  }

  send(bytes: Buffer): Promise<void> {
    this.#transport.send(bytes)
    return Promise.resolve()
  }

  get received(): Buffer {
    this.#broker.settle()
    const more = this.#transport.take()
    if (more.length > 0) this.#received = Buffer.concat([this.#received, more])
    return this.#received
  }

  take(start: number, end: number): void {
    this.#received = Buffer.concat([this.#received.subarray(0, start), this.#received.subarray(end)])
  }

  get isEnded(): boolean {
    this.#broker.settle()
    return this.#transport.isEnded
  }

  drop(): void {
    this.#broker.settle()
    this.#transport.drop()
  }

  block(): void {
    this.#transport.isBlocked = true
  }

  unblock(): void {
    this.#transport.unblock()
  }
}

/** The broker in memory: nothing to wait for, time passes at will. */
export async function startMemoryTarget(settings: Partial<BrokerSettings>, authorizer: Authorizer): Promise<Target> {
  const broker = await MemoryBroker.start({ settings, authorizer })
  return {
    open: () => Promise.resolve(new MemoryStream(broker)),
    settle: () => Promise.resolve(broker.settle()),
    quiet: () => Promise.resolve(broker.settle()),
    advance: (ms) => Promise.resolve(broker.advance(ms)),
    restart: (downMs) => broker.restart(downMs),
    crash: (downMs) => broker.crash(downMs),
    stop: () => Promise.resolve(),
  }
}
