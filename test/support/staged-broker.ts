// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { Broker } from '../../src/broker/broker.ts'
import type { Peer } from '../../src/broker/peer.ts'
import { DEFAULT_SETTINGS } from '../../src/broker/settings.ts'
import { FlushQueue } from '../../src/net/flush-queue.ts'
import { type ListenerStages, TcpListener } from '../../src/net/tcp-listener.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { FakeClock } from './fake-clock.ts'
import { strictLogger } from './strict-logger.ts'

/** Both ends are in this process: what has not arrived after so many turns of the event loop was not sent. */
const QUIET_TURNS = 30

/** The broker behind a listener with stages, with time in the hands of the test. */
export class StagedBroker implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock()
  readonly broker: Broker = new Broker({
    settings: DEFAULT_SETTINGS,
    store: new MemoryStore(),
    clock: this.clock,
    logger: strictLogger,
  })
  /** Of all links so far. */
  readonly peers: Peer[] = []
  /** What stages have refused: address and reason. */
  readonly refused: string[] = []
  #listener!: TcpListener

  static async start(
    stages: (broker: Broker, onRefused: (address: string, why: string) => void) => Partial<ListenerStages>,
  ): Promise<StagedBroker> {
    const started = new StagedBroker()
    const { broker, refused, peers } = started
    await broker.start()
    started.#listener = new TcpListener(
      { name: 'staged', bindAddress: '127.0.0.1', port: 0 },
      new FlushQueue(),
      (link) => {
        peers.push(link.peer)
        broker.accept(link)
      },
      (error) => strictLogger.error(error.message),
      stages(broker, (address, why) => refused.push(`${address} ${why}`)),
    )
    await started.#listener.open()
    return started
  }

  get port(): number {
    return this.#listener.port
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < QUIET_TURNS; turn++) await endOfTurn()
  }

  async advance(ms: number): Promise<void> {
    await this.settle()
    this.clock.advance(ms)
    await this.settle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const { link } of this.broker.connections) link.destroy()
    await this.settle()
    this.broker.wheel.clear()
  }
}
