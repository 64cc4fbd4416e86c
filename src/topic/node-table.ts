// SPDX-License-Identifier: Apache-2.0
import { EdgeTable } from './edge-table.ts'

// The nodes of the subscription tree, as numbers in one array:
//
//   records   | plus  onlyLevel onlyChild  named  endsHere belowHere  –  – | next node …      8 × 4 bytes a node
//
// A match with a million subscriptions is nothing but memory that no processor cache holds: what it asks of a node is one line
// of it. Most nodes have one child, so that stands in the node itself; only those with several have theirs in a table of edges.
// With objects and a map for each node a match took 10 µs, with this 4 (bench/micro/match.ts).

export const ROOT = 1
export const NO_NODE = 0
export const NO_LIST = 0

const FIELDS = 8
const PLUS = 0
const ONLY_LEVEL = 1
const ONLY_CHILD = 2
const NAMED = 3
const ENDS_HERE = 4
const BELOW_HERE = 5
const FIRST_NODES = 64

export class NodeTable {
  #records = new Int32Array(FIRST_NODES * FIELDS)
  /** Nodes up to here are in use or free. */
  #end = ROOT + 1
  readonly #free: number[] = []
  readonly #edges = new EdgeTable()

  get size(): number {
    return this.#end - 1 - this.#free.length
  }

  /** The child behind `+`, or NO_NODE. */
  plus(node: number): number {
    return this.#records[node * FIELDS + PLUS]!
  }

  /** The child of a name, or NO_NODE. */
  child(node: number, level: number): number {
    const records = this.#records
    const at = node * FIELDS
    const only = records[at + ONLY_CHILD]!
    if (only !== NO_NODE) return records[at + ONLY_LEVEL] === level ? only : NO_NODE
    return records[at + NAMED] === 0 ? NO_NODE : this.#edges.get(node, level)
  }

  /** The list of filters whose last level is the node, or NO_LIST. */
  endsHere(node: number): number {
    return this.#records[node * FIELDS + ENDS_HERE]!
  }

  /** The list of filters whose last level is a `#` below the node, or NO_LIST. */
  belowHere(node: number): number {
    return this.#records[node * FIELDS + BELOW_HERE]!
  }

  setEndsHere(node: number, list: number): void {
    this.#records[node * FIELDS + ENDS_HERE] = list
  }

  setBelowHere(node: number, list: number): void {
    this.#records[node * FIELDS + BELOW_HERE] = list
  }

  addPlus(node: number): number {
    const child = this.#newNode()
    this.#records[node * FIELDS + PLUS] = child
    return child
  }

  addChild(node: number, level: number): number {
    const child = this.#newNode()
    const records = this.#records
    const at = node * FIELDS
    const named = records[at + NAMED]!
    if (named === 0) {
      records[at + ONLY_LEVEL] = level
      records[at + ONLY_CHILD] = child
    } else {
      const only = records[at + ONLY_CHILD]!
      if (only !== NO_NODE) {
        this.#edges.add(node, records[at + ONLY_LEVEL]!, only)
        records[at + ONLY_CHILD] = NO_NODE
      }
      this.#edges.add(node, level, child)
    }
    records[at + NAMED] = named + 1
    return child
  }

  removePlus(node: number): void {
    const at = node * FIELDS + PLUS
    this.#free.push(this.#records[at]!)
    this.#records[at] = NO_NODE
  }

  removeChild(node: number, level: number): void {
    const at = node * FIELDS
    this.#free.push(this.child(node, level))
    if (this.#records[at + ONLY_CHILD] === NO_NODE) this.#edges.delete(node, level)
    this.#records[at + ONLY_CHILD] = NO_NODE
    this.#records[at + NAMED]!--
  }

  /** Nothing ends at or below the node, so it can go. */
  isEmpty(node: number): boolean {
    const at = node * FIELDS
    const records = this.#records
    return (
      records[at + PLUS] === NO_NODE &&
      records[at + NAMED] === 0 &&
      records[at + ENDS_HERE] === NO_LIST &&
      records[at + BELOW_HERE] === NO_LIST
    )
  }

  #newNode(): number {
    const free = this.#free.pop()
    // A node that went was empty, so all its fields are 0.
    if (free !== undefined) return free
    if ((this.#end + 1) * FIELDS > this.#records.length) {
      const grown = new Int32Array(this.#records.length * 2)
      grown.set(this.#records)
      this.#records = grown
    }
    return this.#end++
  }
}
