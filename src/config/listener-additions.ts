// SPDX-License-Identifier: Apache-2.0
import type { ConfigElement } from './config-element.ts'
import type { EffectiveSetting } from './effective-setting.ts'
import { ElementReader } from './element-reader.ts'
import { pathOf } from './element-paths.ts'
import { ADDITION, ADDITION_NAME, ADDITIONS_PATH } from './listener-elements.ts'
import type { Reporter } from './reporter.ts'

/** A template that went wrong can have thousands of listeners, and name them all in each of thousands of complaints. */
const MAX_PROPOSED = 20

/** What `waggle/listeners` adds to listeners, by their names. HiveMQ would not open a listener with unknown elements in it. */
export class ListenerAdditions {
  readonly #readers = new Map<string, ElementReader>()
  readonly #unused = new Set<string>()

  /** `list` is the element `waggle/listeners`, if there is one. */
  constructor(list: ConfigElement | undefined, home: string, reporter: Reporter) {
    for (const element of list?.children ?? []) {
      if (element.name !== ADDITION_NAME) continue
      const reader = new ElementReader(element, pathOf(ADDITIONS_PATH, ADDITION_NAME), home, reporter)
      const name = reader.text(ADDITION.name)
      if (name === '') {
        reader.refuse(ADDITION.name.path, { found: 'no name', expected: 'the name of a listener' })
      } else if (this.#readers.has(name)) {
        reader.refuse(ADDITION.name.path, { found: `"${name}" a second time`, expected: 'each listener once' })
      } else {
        this.#readers.set(name, reader)
        this.#unused.add(name)
      }
    }
  }

  /** What is added to the listener of this name; null if nothing is. */
  take(name: string): ElementReader | null {
    this.#unused.delete(name)
    return this.#readers.get(name) ?? null
  }

  /** What was read of all of them. */
  effective(): readonly EffectiveSetting[] {
    return [...this.#readers].flatMap(([name, reader]) => reader.effective(name))
  }

  /** A name that no listener has is a mistake that would leave a listener without what was meant for it. */
  complainOfUnused(names: readonly string[]): void {
    const proposed = names.slice(0, MAX_PROPOSED).join(', ')
    for (const name of this.#unused) {
      this.#readers.get(name)!.refuse(ADDITION.name.path, {
        found: `"${name}", which no listener is named`,
        expected: names.length === 0 ? 'the name of a listener' : `one of ${proposed}`,
      })
    }
  }
}
