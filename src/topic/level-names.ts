// SPDX-License-Identifier: Apache-2.0

/** No filter has a level of this name. */
export const UNKNOWN_LEVEL = -4

/**
 * A number for each level name that filters use, so that the tree can look for pairs of small numbers instead of strings. A
 * name is kept as long as it is used.
 */
export class LevelNames {
  readonly #ids = new Map<string, number>()
  readonly #names: string[] = []
  readonly #uses: number[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#ids.size
  }

  find(name: string): number {
    return this.#ids.get(name) ?? UNKNOWN_LEVEL
  }

  /** The number of a name, which is in use once more. */
  use(name: string): number {
    let id = this.#ids.get(name)
    if (id === undefined) {
      id = this.#free.pop() ?? this.#names.length
      this.#ids.set(name, id)
      this.#names[id] = name
      this.#uses[id] = 0
    }
    this.#uses[id]!++
    return id
  }

  /** One use less. */
  release(id: number): void {
    if (--this.#uses[id]! > 0) return
    this.#ids.delete(this.#names[id]!)
    this.#names[id] = ''
    this.#free.push(id)
  }
}
