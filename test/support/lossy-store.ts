// SPDX-License-Identifier: Apache-2.0
import type { ChangeRecord, Owner } from '../../src/store/change-record.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { StoredDelivery } from '../../src/store/store.ts'

/** A store like a disk: while it is held nothing becomes durable, and a crash loses what is not. */
export class LossyStore extends MemoryStore {
  isHeld = false
  /** Appended, and not durable. */
  #batch: ChangeRecord[] = []
  #waiting: (() => void)[] = []

  override append(record: ChangeRecord): void {
    if (!this.isHeld) return super.append(record)
    this.appended++
    this.#batch.push(record)
  }

  override whenDurable(callback: () => void): void {
    // Behind those that wait, also while they are called.
    if (this.isHeld || this.#waiting.length > 0) this.#waiting.push(callback)
    else callback()
  }

  override readQueue(owner: Owner, after: number, limit: number, onPage: (page: StoredDelivery[]) => void): void {
    this.whenDurable(() => super.readQueue(owner, after, limit, onPage))
  }

  /** All that was appended is durable. */
  release(): void {
    this.isHeld = false
    this.appended -= this.#batch.length
    for (const record of this.#batch.splice(0)) super.append(record)
    for (; this.#waiting.length > 0; this.#waiting.shift()) this.#waiting[0]!()
  }

  /** The broker is gone, and so is what was not durable. */
  crash(): void {
    this.isHeld = false
    this.#batch = []
    this.#waiting = []
  }

  override close(): Promise<void> {
    this.release()
    return super.close()
  }
}
