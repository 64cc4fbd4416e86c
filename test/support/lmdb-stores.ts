// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metrics } from '../../src/metrics/metrics.ts'
import type { LmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { openLmdbStore } from '../../src/store/lmdb/open-lmdb-store.ts'
import { DEFAULT_PERSISTENCE, type PersistenceSettings } from '../../src/store/persistence-settings.ts'
import type { FakeClock } from './fake-clock.ts'
import type { StoreSource } from './script/tcp-target.ts'

/** Durable stores in a folder of their own, one after the other. */
export class LmdbStores implements StoreSource, AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'waggle-store-'))
  readonly metrics: Metrics = new Metrics()
  readonly #settings: PersistenceSettings
  #store: LmdbStore | null = null

  constructor(settings: Partial<PersistenceSettings> = {}) {
    this.#settings = { ...DEFAULT_PERSISTENCE, ...settings }
  }

  async open(clock: FakeClock): Promise<LmdbStore> {
    const fail = (error: unknown): never => {
      throw error instanceof Error ? error : new Error(String(error))
    }
    const { store } = await openLmdbStore(this.folder, {
      settings: this.#settings,
      clock,
      metrics: this.metrics,
      onTrouble: fail,
      onBudget: () => undefined,
      onFailed: fail,
      onFault: fail,
    })
    this.#store = store
    return store
  }

  get isIdle(): boolean {
    return this.#store?.isIdle ?? true
  }

  async close(): Promise<void> {
    const store = this.#store
    this.#store = null
    await store?.close()
  }

  /** A file that is left open is an error at whatever moment garbage is collected. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
