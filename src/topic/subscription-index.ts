// SPDX-License-Identifier: Apache-2.0
import { FilterShapes } from './filter-shapes.ts'
import { FilterEntry, FilterTable } from './filter-table.ts'
import type { Subscriber, Subscription } from './subscription.ts'
import { added, collect, removed } from './subscription-lists.ts'

/** All subscriptions by their filter: a topic finds those that match. */
export class SubscriptionIndex<S extends Subscriber> {
  readonly #shapes = new FilterShapes()
  readonly #filters = new FilterTable<S>()
  #size = 0

  /** Subscriptions in the index. */
  get size(): number {
    return this.#size
  }

  /** Shapes of the filters: those of which no filter is left do not stay. */
  get shapes(): number {
    return this.#shapes.size
  }

  /** Adds a subscription under a valid filter (without `$share/…`). */
  insert(filter: string, subscription: Subscription<S>): void {
    this.#size++
    const shape = this.#shapes.shapeOf(filter)
    const entry = this.#filters.find(filter, shape)
    if (entry !== null) {
      entry.subscriptions = added(entry.subscriptions, subscription)
      return
    }
    shape.filters++
    this.#filters.add(new FilterEntry(filter, shape, added(undefined, subscription)))
  }

  /** Takes out what `insert` added under the same filter. */
  remove(filter: string, subscription: Subscription<S>): void {
    this.#size--
    const shape = this.#shapes.shapeOf(filter)
    const entry = this.#filters.find(filter, shape)!
    const rest = removed(entry.subscriptions, subscription)
    if (rest !== undefined) {
      entry.subscriptions = rest
      return
    }
    this.#filters.delete(entry)
    shape.filters--
    this.#shapes.prune(shape)
  }

  /**
   * Appends to `found` every subscription whose filter matches `topicName` [MQTT-3.3.2-3] [MQTT4-3.3.2-3], as it is written:
   * nothing is normalised [MQTT-4.7.3-4] [MQTT4-4.7.3-4]. Takes time by shapes of filters, not by subscriptions.
   */
  match(topicName: string, found: Subscription<S>[]): void {
    for (let shape = this.#shapes.fit(topicName); shape !== null; shape = shape.next) {
      const entry = this.#filters.findMatching(topicName, shape)
      if (entry !== null) collect(entry.subscriptions, found)
    }
  }
}
