// SPDX-License-Identifier: Apache-2.0
import type { FilterShape } from './filter-shapes.ts'
import type { Subscriber } from './subscription.ts'
import type { SubscriptionList } from './subscription-lists.ts'
import { matchesFilter } from './topic-filter.ts'

/** A filter with those who have subscribed to it. */
export class FilterEntry<S extends Subscriber> {
  readonly filter: string
  readonly shape: FilterShape
  subscriptions: SubscriptionList<S>

  constructor(filter: string, shape: FilterShape, subscriptions: SubscriptionList<S>) {
    this.filter = filter
    this.shape = shape
    this.subscriptions = subscriptions
  }
}

const FIRST_CAPACITY = 64
/** In the place of a hash where no filter stands. */
const FREE = 0

/** Filters by the hash that their shape was given. What has the same hash by chance is told apart by shape and text. */
export class FilterTable<S extends Subscriber> {
  /** Apart from the entries: a look-up that finds nothing, as most do, then costs one line of memory. */
  #hashes = new Int32Array(FIRST_CAPACITY)
  #entries = emptyEntries<S>(FIRST_CAPACITY)
  #size = 0

  find(filter: string, shape: FilterShape): FilterEntry<S> | null {
    const hash = keyOf(shape)
    for (let place = this.#first(hash); this.#hashes[place] !== FREE; place = this.#next(place)) {
      const entry = this.#entries[place]!
      if (entry.shape === shape && entry.filter === filter) return entry
    }
    return null
  }

  /** The filter of a shape that matches a topic; there is one at most. */
  findMatching(topicName: string, shape: FilterShape): FilterEntry<S> | null {
    const hash = keyOf(shape)
    for (let place = this.#first(hash); this.#hashes[place] !== FREE; place = this.#next(place)) {
      if (this.#hashes[place] !== hash) continue
      const entry = this.#entries[place]!
      if (entry.shape === shape && matchesFilter(entry.filter, topicName)) return entry
    }
    return null
  }

  /** Adds an entry whose filter is not there, by the hash in its shape. */
  add(entry: FilterEntry<S>): void {
    // At most half full: a look-up that finds nothing then ends after two places.
    if (++this.#size * 2 > this.#hashes.length) this.#resize(this.#hashes.length * 2)
    this.#put(keyOf(entry.shape), entry)
  }

  /** Takes out an entry that is there, by the hash in its shape. */
  delete(entry: FilterEntry<S>): void {
    let hole = this.#first(keyOf(entry.shape))
    while (this.#entries[hole] !== entry) hole = this.#next(hole)
    const mask = this.#hashes.length - 1
    // What stands behind the hole moves up if it may: so no place is ever marked as once used.
    for (let place = this.#next(hole); this.#hashes[place] !== FREE; place = this.#next(place)) {
      const wanted = this.#first(this.#hashes[place]!)
      if (((place - wanted) & mask) < ((place - hole) & mask)) continue
      this.#hashes[hole] = this.#hashes[place]!
      this.#entries[hole] = this.#entries[place]!
      hole = place
    }
    this.#hashes[hole] = FREE
    this.#entries[hole] = null
    this.#size--
    if (this.#hashes.length > FIRST_CAPACITY && this.#size * 8 < this.#hashes.length)
      this.#resize(this.#hashes.length / 2)
  }

  #first(hash: number): number {
    return hash & (this.#hashes.length - 1)
  }

  #next(place: number): number {
    return (place + 1) & (this.#hashes.length - 1)
  }

  #put(hash: number, entry: FilterEntry<S>): void {
    let place = this.#first(hash)
    while (this.#hashes[place] !== FREE) place = this.#next(place)
    this.#hashes[place] = hash
    this.#entries[place] = entry
  }

  #resize(capacity: number): void {
    const hashes = this.#hashes
    const entries = this.#entries
    this.#hashes = new Int32Array(capacity)
    this.#entries = emptyEntries<S>(capacity)
    for (const [place, entry] of entries.entries()) if (entry !== null) this.#put(hashes[place]!, entry)
  }
}

function emptyEntries<S extends Subscriber>(capacity: number): (FilterEntry<S> | null)[] {
  return new Array<FilterEntry<S> | null>(capacity).fill(null)
}

/** FREE is nobody's hash. */
function keyOf({ hash }: FilterShape): number {
  return hash === FREE ? 1 : hash
}
