// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import type { Logger } from '../broker/logger.ts'
import { openLmdbStore } from '../store/lmdb/open-lmdb-store.ts'
import { describePersistence, measureCommitLatency } from '../store/lmdb/sync-latency.ts'
import { MemoryStore } from '../store/memory-store.ts'
import type { PersistenceSettings } from '../store/persistence-settings.ts'
import { StoreFault } from '../store/store-fault.ts'
import type { Store } from '../store/store.ts'
import { systemClock } from '../util/clock.ts'
import type { Surroundings } from './surroundings.ts'

/** The store that the configuration asks for. One that cannot be opened ends the process: starting without would lose data. */
export async function openStore(persistence: PersistenceSettings, surroundings: Surroundings): Promise<Store> {
  const { folders, logger, metrics, exit } = surroundings
  if (persistence.mode === 'in-memory') {
    logger.info(describePersistence(persistence, null))
    return new MemoryStore()
  }
  const folder = join(folders.data, 'waggle')
  try {
    const { store, isNew } = await openLmdbStore(folder, {
      settings: persistence,
      clock: systemClock,
      metrics,
      onTrouble: (error) => reportTrouble(folder, error, logger),
      onBudget: (isOver) => reportBudget(folder, persistence.maxDiskUsage, isOver, logger),
      onFailed: (error) => {
        logger.error(
          `The store in ${folder} could not be written. Waggle stops, since nothing can be stored safely.`,
          error,
        )
        process.exit(1)
      },
      onFault: (error) => {
        metrics.internalErrors++
        logger.error('Internal error while going on with what was stored', error)
      },
    })
    if (isNew) logger.info(`There is no store in ${folder} yet: starting with an empty one`)
    logger.info(describePersistence(persistence, await measureCommitLatency(folder, systemClock)))
    return store
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    logger.error(error.message)
    return exit(1)
  }
}

function reportTrouble(folder: string, error: Error | null, logger: Logger): void {
  if (error === null) logger.info(`The store in ${folder} can be written again.`)
  else {
    logger.error(
      `The store in ${folder} cannot be written (${error.message}). What has to be stored is not acknowledged, and ` +
        'nothing new is taken, until it can. Is the disk full?',
    )
  }
}

function reportBudget(folder: string, maxDiskUsage: number, isOver: boolean, logger: Logger): void {
  if (!isOver) return logger.info(`The store in ${folder} is below its max-disk-usage again.`)
  logger.warn(
    `The store in ${folder} takes more than its max-disk-usage of ${maxDiskUsage} bytes. QoS 1 and 2 messages that have to ` +
      'be stored are refused until clients have taken what waits for them.',
  )
}
