// SPDX-License-Identifier: Apache-2.0

/**
 * A queue in a ring of slots that doubles when full. Adding and taking at both ends is O(1); `Array.prototype.shift`
 * moves the whole array once it is long.
 */
export class Ring<T> {
  #slots: (T | undefined)[]
  #head = 0
  #length = 0

  /** `capacity` is what fits before the first growth; a power of two. */
  constructor(capacity = 8) {
    this.#slots = new Array<T | undefined>(capacity)
  }

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = item
  }

  /** Puts `item` before all others. */
  unshift(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#slots.length - 1)
    this.#slots[this.#head] = item
    this.#length++
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    return item
  }

  /** The item that `shift` would take. */
  peek(): T | undefined {
    return this.#slots[this.#head]
  }

  clear(): void {
    this.#slots = new Array<T | undefined>(8)
    this.#head = 0
    this.#length = 0
  }

  /** Keeps what `keep` says yes to, in the same order. O(length). */
  retain(keep: (item: T) => boolean): void {
    for (let left = this.#length; left > 0; left--) {
      const item = this.shift()!
      if (keep(item)) this.push(item)
    }
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#length; i++) yield this.#slots[(this.#head + i) & (this.#slots.length - 1)]!
  }

  #grow(): void {
    const slots = new Array<T | undefined>(this.#slots.length * 2)
    for (let i = 0; i < this.#length; i++) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}
