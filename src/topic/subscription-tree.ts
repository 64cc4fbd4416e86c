// SPDX-License-Identifier: Apache-2.0
import { LevelNames, UNKNOWN_LEVEL } from './level-names.ts'
import { NO_LIST, NO_NODE, type Node, NodeTable, PLUS_LEVEL } from './node-table.ts'
import type { Subscriber, Subscription } from './subscription.ts'
import { added, collect, removed, type SubscriptionList } from './subscription-lists.ts'
import { isDollarTopic } from './topic-name.ts'

// Filters without wildcards stand in one map: a topic finds them with a single look-up, and they need no tree.
// Filters with wildcards stand in a tree of levels:
//
//   umh/v1/+/area/#      sport/+          #
//
//   root ── 'umh' ── 'v1' ── '+' ── 'area' (belowHere: [umh/v1/+/area/#])
//     │      └ …
//     ├──── 'sport' ── '+' (endsHere: [sport/+])
//     └ (belowHere: [#])

export class SubscriptionTree<S extends Subscriber> {
  readonly #exact = new Map<string, SubscriptionList<S>>()
  readonly #levels = new LevelNames()
  readonly #nodes = new NodeTable()
  /** The lists of the nodes, by number; number 0 is not used. */
  readonly #lists: (SubscriptionList<S> | undefined)[] = [undefined]
  readonly #freeLists: number[] = []
  #size = 0
  /** Nodes that match so far, and those of the next level; kept to be used again. */
  #frontier: number[] = []
  #nextFrontier: number[] = []

  /** Subscriptions in the tree. */
  get size(): number {
    return this.#size
  }

  /** Nodes in the tree, the root among them: empty branches do not stay. */
  get nodes(): number {
    return this.#nodes.size
  }

  /** Adds a subscription under a valid filter (without `$share/…`). */
  insert(filter: string, hasWildcard: boolean, subscription: Subscription<S>): void {
    this.#size++
    if (!hasWildcard) {
      this.#exact.set(filter, added(this.#exact.get(filter), subscription))
      return
    }
    const isBelow = filter.endsWith('#')
    let node = this.#nodes.root
    for (const level of levelsOf(filter, isBelow)) node = this.#childOrNew(node, level)
    const list = isBelow ? this.#nodes.belowHere(node) : this.#nodes.endsHere(node)
    if (list !== NO_LIST) {
      this.#lists[list] = added(this.#lists[list], subscription)
      return
    }
    const created = this.#freeLists.pop() ?? this.#lists.length
    this.#lists[created] = added(undefined, subscription)
    if (isBelow) this.#nodes.setBelowHere(node, created)
    else this.#nodes.setEndsHere(node, created)
  }

  /** Takes out what `insert` added under the same filter, and the branches that become empty with it. */
  remove(filter: string, hasWildcard: boolean, subscription: Subscription<S>): void {
    this.#size--
    if (!hasWildcard) {
      const rest = removed(this.#exact.get(filter)!, subscription)
      if (rest === undefined) this.#exact.delete(filter)
      else this.#exact.set(filter, rest)
      return
    }
    const isBelow = filter.endsWith('#')
    // Places change when nodes go, numbers do not; walking from the root each time would take the square of 65 535 levels.
    const nodes = this.#nodes
    const ids = Array.from(levelsOf(filter, isBelow), (level) => this.#find(level))
    const numbers = [nodes.numberOf(nodes.root)]
    for (const [depth, id] of ids.entries()) numbers.push(nodes.numberOf(nodes.childOf(numbers[depth]!, id)))
    const nodeAt = (depth: number): Node =>
      depth === 0 ? nodes.root : nodes.childOf(numbers[depth - 1]!, ids[depth - 1]!)
    this.#removeFromList(nodeAt(ids.length), isBelow, subscription)
    for (let depth = ids.length; depth > 0 && nodes.isEmpty(nodeAt(depth)); depth--) {
      const id = ids[depth - 1]!
      nodes.removeChild(nodeAt(depth - 1), id)
      if (id !== PLUS_LEVEL) this.#levels.release(id)
    }
  }

  /**
   * Appends to `found` every subscription whose filter matches `topicName` [MQTT-3.3.2-3] [MQTT4-3.3.2-3], as it is written:
   * nothing is normalised [MQTT-4.7.3-4] [MQTT4-4.7.3-4]. Takes time by levels, not by subscriptions.
   */
  match(topicName: string, found: Subscription<S>[]): void {
    collect(this.#exact.get(topicName), found)
    const nodes = this.#nodes
    let frontier = this.#frontier
    let next = this.#nextFrontier
    frontier.push(nodes.root)
    // Wildcards in the first level do not see $-topics [MQTT-4.7.2-1] [MQTT4-4.7.2-1].
    let isWildcardBlind = isDollarTopic(topicName)
    for (let start = 0; start <= topicName.length && frontier.length > 0;) {
      const slash = topicName.indexOf('/', start)
      const end = slash < 0 ? topicName.length : slash
      const level = this.#levels.find(topicName.slice(start, end))
      for (const node of frontier) {
        if (!isWildcardBlind) {
          this.#collect(nodes.belowHere(node), found)
          const plus = nodes.plus(node)
          if (plus !== NO_NODE) next.push(plus)
        }
        const child = level === UNKNOWN_LEVEL ? NO_NODE : nodes.child(node, level)
        if (child !== NO_NODE) next.push(child)
      }
      frontier.length = 0
      ;[frontier, next] = [next, frontier]
      isWildcardBlind = false
      start = end + 1
    }
    for (const node of frontier) {
      this.#collect(nodes.endsHere(node), found)
      this.#collect(nodes.belowHere(node), found)
    }
    frontier.length = 0
    this.#frontier = frontier
    this.#nextFrontier = next
  }

  #collect(list: number, found: Subscription<S>[]): void {
    if (list !== NO_LIST) collect(this.#lists[list], found)
  }

  #find(level: string): number {
    return level === '+' ? PLUS_LEVEL : this.#levels.find(level)
  }

  #childOrNew(node: Node, level: string): Node {
    const known = this.#find(level)
    const existing = known === UNKNOWN_LEVEL ? NO_NODE : this.#nodes.child(node, known)
    if (existing !== NO_NODE) return existing
    return this.#nodes.addChild(node, level === '+' ? PLUS_LEVEL : this.#levels.use(level))
  }

  #removeFromList(node: number, isBelow: boolean, subscription: Subscription<S>): void {
    const list = isBelow ? this.#nodes.belowHere(node) : this.#nodes.endsHere(node)
    this.#lists[list] = removed(this.#lists[list]!, subscription)
    if (this.#lists[list] !== undefined) return
    this.#freeLists.push(list)
    if (isBelow) this.#nodes.setBelowHere(node, NO_LIST)
    else this.#nodes.setEndsHere(node, NO_LIST)
  }
}

/** The levels that have a node; a last `#` has none of its own. */
function* levelsOf(filter: string, isBelow: boolean): Generator<string> {
  const end = isBelow ? filter.length - 1 : filter.length + 1
  for (let start = 0; start < end;) {
    const slash = filter.indexOf('/', start)
    const levelEnd = slash < 0 ? filter.length : slash
    yield filter.slice(start, levelEnd)
    start = levelEnd + 1
  }
}
