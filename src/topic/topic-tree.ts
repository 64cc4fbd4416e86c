// SPDX-License-Identifier: Apache-2.0

/** A level of a topic name; the path from the root spells the topic. */
interface Node<V> {
  children: Map<string, Node<V>> | null
  value: V | undefined
}

/** One level of the walk through a tree: the children that are still to be visited. */
interface Step<V> {
  readonly nodes: Iterator<Node<V>>
  /** Levels of the filter that led here; beyond its last one stands for everything below a `#`. */
  readonly depth: number
}

/** Values by topic name, to be found by topic filter: the retained messages. */
export class TopicTree<V> {
  readonly #root: Node<V> = { children: null, value: undefined }
  #size = 0

  get size(): number {
    return this.#size
  }

  get(topicName: string): V | undefined {
    let node: Node<V> | undefined = this.#root
    for (const level of topicName.split('/')) {
      node = node.children?.get(level)
      if (node === undefined) return undefined
    }
    return node.value
  }

  set(topicName: string, value: V): void {
    let node = this.#root
    for (const level of topicName.split('/')) {
      node.children ??= new Map()
      let next = node.children.get(level)
      if (next === undefined) node.children.set(level, (next = { children: null, value: undefined }))
      node = next
    }
    if (node.value === undefined) this.#size++
    node.value = value
  }

  /** Removes a value and the branches that become empty with it; false if there was none. */
  delete(topicName: string): boolean {
    const levels = topicName.split('/')
    const path = [this.#root]
    for (const level of levels) {
      const next = path.at(-1)!.children?.get(level)
      if (next === undefined) return false
      path.push(next)
    }
    const last = path.at(-1)!
    if (last.value === undefined) return false
    last.value = undefined
    this.#size--
    for (let depth = levels.length; depth > 0 && isEmpty(path[depth]!); depth--) {
      const { children } = path[depth - 1]!
      children!.delete(levels[depth - 1]!)
      if (children!.size === 0) path[depth - 1]!.children = null
    }
    return true
  }

  /** All values. What holds for the walk of `match` holds for this one. */
  *values(): Generator<V> {
    const walk: Iterator<Node<V>>[] = [[this.#root].values()]
    for (let nodes = walk.at(-1); nodes !== undefined; nodes = walk.at(-1)) {
      const { value: node, done } = nodes.next()
      if (done === true) {
        walk.pop()
        continue
      }
      if (node.value !== undefined) yield node.value
      if (node.children !== null) walk.push(node.children.values())
    }
  }

  /**
   * The values whose topics match a valid filter. The walk holds one iterator per level and nothing else, so a million
   * values can be taken a few at a time; changes meanwhile are seen or not, but no value that stays is missed or repeated.
   */
  *match(filter: string): Generator<V> {
    const levels = filter.split('/')
    const walk: Step<V>[] = [{ nodes: [this.#root].values(), depth: 0 }]
    for (let step = walk.at(-1); step !== undefined; step = walk.at(-1)) {
      const { value: node, done } = step.nodes.next()
      if (done === true) {
        walk.pop()
        continue
      }
      const { depth } = step
      const level = levels[depth]
      const isBelow = depth >= levels.length ? levels.at(-1) === '#' : level === '#'
      // The filter ends here, or its '#' takes in this node and all below it.
      if ((isBelow || depth === levels.length) && node.value !== undefined) yield node.value
      if (node.children === null || (depth >= levels.length && !isBelow)) continue
      if (isBelow || level === '+') {
        walk.push({ nodes: depth === 0 ? visible(node.children) : node.children.values(), depth: depth + 1 })
      } else {
        const named = node.children.get(level!)
        if (named !== undefined) walk.push({ nodes: [named].values(), depth: depth + 1 })
      }
    }
  }
}

function isEmpty<V>(node: Node<V>): boolean {
  return node.value === undefined && node.children === null
}

/** Wildcards in the first level do not see $-topics [MQTT-4.7.2-1] [MQTT4-4.7.2-1]. */
function* visible<V>(children: Map<string, Node<V>>): Generator<Node<V>> {
  for (const [level, node] of children) if (!level.startsWith('$')) yield node
}
