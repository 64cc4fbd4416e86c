// SPDX-License-Identifier: Apache-2.0
import { MemoryStore } from '../../src/store/memory-store.ts'

/** A store like a slow disk: while it is held, nothing becomes durable. */
export class HeldStore extends MemoryStore {
  isHeld = false
  readonly #waiting: (() => void)[] = []

  override whenDurable(callback: () => void): void {
    if (this.isHeld || this.#waiting.length > 0) this.#waiting.push(callback)
    else callback()
  }

  /** All that was appended is durable now. */
  release(): void {
    this.isHeld = false
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next()
  }
}
