// SPDX-License-Identifier: Apache-2.0

// The edges of the subscription tree in one hash table: (node, level) -> child, three numbers side by side.
//
//   entries   | node level child | node level child |   0    –    –   | node level child | …       child 0: free
//
// Looking up an edge touches one line of memory, where a map per node touches three or four.

const FIRST_CAPACITY = 64
const FIELDS = 3

export class EdgeTable {
  #capacity = FIRST_CAPACITY
  #entries = new Int32Array(FIRST_CAPACITY * FIELDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The child, or 0. */
  get(node: number, level: number): number {
    const entries = this.#entries
    const mask = this.#capacity - 1
    for (let place = hash(node, level) & mask; ; place = (place + 1) & mask) {
      const at = place * FIELDS
      const child = entries[at + 2]!
      if (child === 0 || (entries[at] === node && entries[at + 1] === level)) return child
    }
  }

  /** Adds an edge that is not there. */
  add(node: number, level: number, child: number): void {
    // At most half full: a look-up that finds nothing then ends after two places.
    if ((this.#size + 1) * 2 > this.#capacity) this.#resize(this.#capacity * 2)
    this.#size++
    this.#place(node, level, child)
  }

  /** Removes an edge that is there. */
  delete(node: number, level: number): void {
    const entries = this.#entries
    const mask = this.#capacity - 1
    let hole = hash(node, level) & mask
    while (entries[hole * FIELDS] !== node || entries[hole * FIELDS + 1] !== level) hole = (hole + 1) & mask
    // What stands behind the hole moves up if it may: so no place is ever marked as once used.
    for (let next = (hole + 1) & mask; entries[next * FIELDS + 2] !== 0; next = (next + 1) & mask) {
      const wanted = hash(entries[next * FIELDS]!, entries[next * FIELDS + 1]!) & mask
      if (((next - wanted) & mask) < ((next - hole) & mask)) continue
      entries.copyWithin(hole * FIELDS, next * FIELDS, (next + 1) * FIELDS)
      hole = next
    }
    entries.fill(0, hole * FIELDS, (hole + 1) * FIELDS)
    this.#size--
    if (this.#capacity > FIRST_CAPACITY && this.#size * 8 < this.#capacity) this.#resize(this.#capacity / 2)
  }

  #place(node: number, level: number, child: number): void {
    const entries = this.#entries
    const mask = this.#capacity - 1
    let place = hash(node, level) & mask
    while (entries[place * FIELDS + 2] !== 0) place = (place + 1) & mask
    entries[place * FIELDS] = node
    entries[place * FIELDS + 1] = level
    entries[place * FIELDS + 2] = child
  }

  #resize(capacity: number): void {
    const old = this.#entries
    this.#capacity = capacity
    this.#entries = new Int32Array(capacity * FIELDS)
    for (let at = 0; at < old.length; at += FIELDS) {
      if (old[at + 2] !== 0) this.#place(old[at]!, old[at + 1]!, old[at + 2]!)
    }
  }
}

function hash(node: number, level: number): number {
  const mixed = Math.imul(node, 0x9e37_79b1) ^ Math.imul(level, 0x85eb_ca6b)
  return mixed ^ (mixed >>> 15)
}
