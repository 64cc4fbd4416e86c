// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import type { Authorizer } from '../../../src/broker/authorizer.ts'
import { Broker } from '../../../src/broker/broker.ts'
import { type BrokerSettings, DEFAULT_SETTINGS } from '../../../src/broker/settings.ts'
import type { ExtensionHost } from '../../../src/extensions/extension-host.ts'
import { FlushQueue } from '../../../src/net/flush-queue.ts'
import { type ListenerStages, TcpListener } from '../../../src/net/tcp-listener.ts'
import { MemoryStore } from '../../../src/store/memory-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { FakeClock } from '../fake-clock.ts'
import { strictLogger } from '../strict-logger.ts'
import { SocketStream } from './socket-stream.ts'
import type { Target, TargetStream } from './target.ts'

/** Both ends are in this process: what has not arrived after so many turns of the event loop was not sent. */
const QUIET_TURNS = 30

/** Where the broker keeps its state. */
export interface StoreSource {
  /** What an earlier store of this source kept is in it. */
  open(clock: FakeClock): Promise<Store>
  /** Nothing is on its way to the disk. */
  readonly isIdle: boolean
  /** Lets go of the store, with what is in it. */
  close(): Promise<void>
}

/** Work of a wire that takes as many turns of the event loop as it takes. */
export interface OtherThreads {
  readonly isIdle: boolean
  /** As long as they take for something small. */
  turn(): Promise<void>
}

/** What carries a script's bytes: plain TCP, TLS, WebSocket. */
export interface Wire {
  stages(broker: Broker): Partial<ListenerStages>
  open(port: number): Promise<TargetStream>
  /** What is done on other threads; null where all is done on this one. */
  readonly otherThreads?: OtherThreads
}

const PLAIN: Wire = {
  stages: () => ({}),
  open: (port) => SocketStream.open('127.0.0.1', port),
}

/** The broker on a real TCP port, still with time in the hands of the script. */
export async function startTcpTarget(
  settings: Partial<BrokerSettings>,
  authorizer: Authorizer,
  stores: StoreSource = memoryStores(),
  wire: Wire = PLAIN,
  startExtensions: (clock: FakeClock) => Promise<ExtensionHost | null> = () => Promise.resolve(null),
): Promise<Target> {
  const clock = new FakeClock()
  const { otherThreads = { isIdle: true, turn: endOfTurn } } = wire
  const extensions = await startExtensions(clock)
  const streams = new Set<TargetStream>()
  let { broker, listener } = await start()

  async function start(): Promise<{ broker: Broker; listener: TcpListener }> {
    const allSettings = { ...DEFAULT_SETTINGS, ...settings }
    const fresh = new Broker({
      settings: allSettings,
      store: await stores.open(clock),
      clock,
      logger: strictLogger,
      authorizer,
      ...(extensions && { extensions }),
    })
    await fresh.start()
    const opened = new TcpListener(
      { name: 'test', bindAddress: '127.0.0.1', port: 0 },
      new FlushQueue(),
      (link) => fresh.accept(link),
      (error) => strictLogger.error(error.message),
      wire.stages(fresh),
    )
    await opened.open()
    return { broker: fresh, listener: opened }
  }

  async function settle(isDone: () => boolean): Promise<void> {
    for (
      let quiet = 0;
      quiet < QUIET_TURNS && !isDone();
      quiet = stores.isIdle && otherThreads.isIdle ? quiet + 1 : 0
    ) {
      await otherThreads.turn()
    }
  }

  return {
    open: async () => {
      const stream = await wire.open(listener.port)
      streams.add(stream)
      return stream
    },
    settle,
    quiet: () => settle(() => false),
    advance: async (ms) => {
      await settle(() => false)
      clock.advance(ms)
      await settle(() => false)
    },
    restart: async (downMs) => {
      await settle(() => false)
      listener.close()
      const stopped = broker.stop()
      await settle(() => false)
      for (const stream of streams) stream.drop()
      await stopped
      clock.advance(downMs)
      ;({ broker, listener } = await start())
    },
    crash: async (downMs) => {
      await settle(() => false)
      listener.close()
      broker.wheel.clear()
      const crashed = broker
      await stores.close()
      clock.advance(downMs)
      ;({ broker, listener } = await start())
      // Nothing of the old broker is said or done any more.
      for (const { link } of crashed.connections) {
        link.listener = {
          onBytes: () => undefined,
          onReady: () => undefined,
          onEnded: () => undefined,
          onClosed: () => undefined,
        }
        link.destroy()
      }
    },
    stop: async () => {
      listener.close()
      for (const stream of streams) stream.drop()
      await settle(() => broker.connections.size === 0)
      broker.wheel.clear()
      await extensions?.stop()
      await settle(() => false)
      await stores.close()
    },
  }
}

export function memoryStores(): StoreSource {
  const store = new MemoryStore()
  return { open: () => Promise.resolve(store), isIdle: true, close: () => Promise.resolve() }
}
