// SPDX-License-Identifier: Apache-2.0
import type { Subscriber, Subscription } from './subscription.ts'
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
//
// Most nodes have one child, most filters one subscriber: both are then held without a map or an array around them. That,
// and the map for exact filters, keeps a subscription under 300 bytes (bench/micro/match.ts).

/** One subscription, or several. */
type SubscriptionList<S extends Subscriber> = Subscription<S> | Subscription<S>[] | null

class Node<S extends Subscriber> {
  /** The only child of an ordinary name while there is just one; else null, and `children` has them. */
  onlyName: string | null = null
  onlyChild: Node<S> | null = null
  children: Map<string, Node<S>> | null = null
  plus: Node<S> | null = null
  /** Filters whose last level is this node. */
  endsHere: SubscriptionList<S> = null
  /** Filters whose last level is a `#` below this node; they match this node's own topic too. */
  belowHere: SubscriptionList<S> = null

  get isEmpty(): boolean {
    return (
      this.endsHere === null &&
      this.belowHere === null &&
      this.plus === null &&
      this.onlyChild === null &&
      this.children === null
    )
  }
}

export class SubscriptionTree<S extends Subscriber> {
  readonly #exact = new Map<string, Subscription<S> | Subscription<S>[]>()
  readonly #root = new Node<S>()
  #size = 0
  /** Nodes that match so far, and those of the next level; kept to be used again. */
  #frontier: Node<S>[] = []
  #nextFrontier: Node<S>[] = []

  /** Subscriptions in the tree. */
  get size(): number {
    return this.#size
  }

  /** Adds a subscription under a valid filter (without `$share/…`). */
  insert(filter: string, hasWildcard: boolean, subscription: Subscription<S>): void {
    this.#size++
    if (!hasWildcard) {
      this.#exact.set(filter, added(this.#exact.get(filter) ?? null, subscription))
      return
    }
    const isBelow = filter.endsWith('#')
    let node = this.#root
    for (const level of levelsOf(filter, isBelow)) node = childOrNew(node, level)
    if (isBelow) node.belowHere = added(node.belowHere, subscription)
    else node.endsHere = added(node.endsHere, subscription)
  }

  /** Takes out what `insert` added under the same filter, and the branches that become empty with it. */
  remove(filter: string, hasWildcard: boolean, subscription: Subscription<S>): void {
    this.#size--
    if (!hasWildcard) {
      const rest = removed(this.#exact.get(filter) ?? null, subscription)
      if (rest === null) this.#exact.delete(filter)
      else this.#exact.set(filter, rest)
      return
    }
    const isBelow = filter.endsWith('#')
    const levels = [...levelsOf(filter, isBelow)]
    const path = [this.#root]
    for (const level of levels) path.push(child(path.at(-1)!, level)!)
    const last = path.at(-1)!
    if (isBelow) last.belowHere = removed(last.belowHere, subscription)
    else last.endsHere = removed(last.endsHere, subscription)
    for (let depth = levels.length; depth > 0 && path[depth]!.isEmpty; depth--) {
      dropChild(path[depth - 1]!, levels[depth - 1]!)
    }
  }

  /** Appends to `found` every subscription whose filter matches `topicName`. Takes time by levels, not by subscriptions. */
  match(topicName: string, found: Subscription<S>[]): void {
    collect(this.#exact.get(topicName) ?? null, found)
    let frontier = this.#frontier
    let next = this.#nextFrontier
    frontier.push(this.#root)
    // Wildcards in the first level do not see $-topics [MQTT-4.7.2-1] [MQTT4-4.7.2-1].
    let isWildcardBlind = isDollarTopic(topicName)
    for (let start = 0; start <= topicName.length && frontier.length > 0;) {
      const slash = topicName.indexOf('/', start)
      const end = slash < 0 ? topicName.length : slash
      const level = topicName.slice(start, end)
      for (const node of frontier) {
        if (!isWildcardBlind) {
          collect(node.belowHere, found)
          if (node.plus !== null) next.push(node.plus)
        }
        const named = child(node, level)
        if (named !== null) next.push(named)
      }
      frontier.length = 0
      ;[frontier, next] = [next, frontier]
      isWildcardBlind = false
      start = end + 1
    }
    for (const node of frontier) {
      collect(node.endsHere, found)
      collect(node.belowHere, found)
    }
    frontier.length = 0
    this.#frontier = frontier
    this.#nextFrontier = next
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

function child<S extends Subscriber>(node: Node<S>, level: string): Node<S> | null {
  if (level === '+') return node.plus
  if (node.onlyChild !== null) return node.onlyName === level ? node.onlyChild : null
  return node.children === null ? null : (node.children.get(level) ?? null)
}

function childOrNew<S extends Subscriber>(node: Node<S>, level: string): Node<S> {
  const existing = child(node, level)
  if (existing !== null) return existing
  const created = new Node<S>()
  if (level === '+') node.plus = created
  else if (node.children !== null) node.children.set(level, created)
  else if (node.onlyChild === null) {
    node.onlyName = level
    node.onlyChild = created
  } else {
    node.children = new Map([
      [node.onlyName!, node.onlyChild],
      [level, created],
    ])
    node.onlyName = null
    node.onlyChild = null
  }
  return created
}

function dropChild<S extends Subscriber>(node: Node<S>, level: string): void {
  if (level === '+') node.plus = null
  else if (node.onlyChild !== null) {
    node.onlyName = null
    node.onlyChild = null
  } else if (node.children !== null) {
    node.children.delete(level)
    if (node.children.size === 0) node.children = null
  }
}

function added<S extends Subscriber>(
  list: SubscriptionList<S>,
  subscription: Subscription<S>,
): Subscription<S> | Subscription<S>[] {
  if (list === null) {
    subscription.slot = 0
    return subscription
  }
  const array = Array.isArray(list) ? list : [list]
  subscription.slot = array.length
  array.push(subscription)
  return array
}

/** O(1): the last of the list takes the place of the one that goes. */
function removed<S extends Subscriber>(
  list: SubscriptionList<S>,
  subscription: Subscription<S>,
): Subscription<S> | Subscription<S>[] | null {
  if (!Array.isArray(list)) return null
  const last = list.pop()!
  if (last !== subscription) {
    list[subscription.slot] = last
    last.slot = subscription.slot
  }
  return list.length === 0 ? null : list
}

function collect<S extends Subscriber>(list: SubscriptionList<S>, found: Subscription<S>[]): void {
  if (list === null) return
  if (Array.isArray(list)) for (const subscription of list) found.push(subscription)
  else found.push(list)
}
