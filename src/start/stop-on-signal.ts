// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import type { Admin } from '../extensions/admin.ts'
import type { ExtensionHost } from '../extensions/extension-host.ts'
import type { TcpListener } from '../net/tcp-listener.ts'
import type { Surroundings } from './surroundings.ts'

/** Clients get this long to take their last packet and close, before the process ends without them. */
const DRAIN_MS = 5_000

/** SIGTERM or SIGINT: no new clients, a word to those that are there, and exit code 0. A second signal does not wait. */
export function stopOnSignal(
  broker: Broker,
  listeners: readonly TcpListener[],
  extensions: ExtensionHost,
  admin: Admin,
  { logger, exit }: Surroundings,
): void {
  let isStopping = false
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) process.exit(1)
    isStopping = true
    admin.stage = 'stopping'
    logger.info(`Shutting down HiveMQ (Waggle) on ${signal}, ${broker.metrics.connections} clients are connected`)
    for (const listener of listeners) listener.close()
    // Extensions last: clients that go may still need them, and a heartbeat tells that the broker stops until it has.
    const stopped = broker.stop().then(() => extensions.stop())
    const isComplete = await Promise.race([
      stopped.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), DRAIN_MS)),
    ])
    if (isComplete) logger.info('Shutdown completed.')
    else
      logger.warn(
        `Shutdown is not completed after ${DRAIN_MS / 1000} s; the process ends with work left, as if killed.`,
      )
    await exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        logger.error('Shutdown failed', error)
        process.exit(1)
      })
    })
  }
}
