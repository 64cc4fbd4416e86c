// SPDX-License-Identifier: Apache-2.0
import { LEGACY_ELEMENTS, LEGACY_MODES } from '../../src/config/legacy-elements.ts'
import { ADDITION, ADDITION_NAME, ADDITIONS_PATH, LISTENER_TYPES } from '../../src/config/listener-elements.ts'
import { SETTING_ELEMENTS } from '../../src/config/setting-elements.ts'
import type { ListenerElement } from '../../src/config/value-element.ts'
import type { Explanations } from './explanations.ts'

/** An element of the schema. */
export interface SchemaNode {
  readonly name: string
  readonly children: Map<string, SchemaNode>
  /** `some`: any number of children, in any order. */
  kind: 'each-once' | 'some'
  isRequired: boolean
  /** Of an element that holds a value. */
  row: ListenerElement | null
  explanation: string
}

function node(name: string): SchemaNode {
  return { name, children: new Map(), kind: 'each-once', isRequired: false, row: null, explanation: '' }
}

/** The root, with everything that the code can read. */
export function schemaRoot(explanations: Explanations): SchemaNode {
  const root = node('hivemq')
  const listeners = at(root, 'listeners')
  listeners.kind = 'some'
  for (const [name, { elements }] of LISTENER_TYPES) {
    for (const element of elements) add(at(listeners, name), element, explanations.listeners)
  }
  for (const element of SETTING_ELEMENTS) add(root, element, explanations.elements)
  const additions = at(root, ADDITIONS_PATH)
  additions.kind = 'some'
  for (const element of Object.values(ADDITION)) add(at(additions, ADDITION_NAME), element, explanations.additions)
  at(additions, `${ADDITION_NAME}/name`).isRequired = true
  for (const element of LEGACY_ELEMENTS) add(root, element, explanations.legacy)
  for (const path of LEGACY_MODES) {
    const mode = at(root, path)
    mode.row = { path, type: 'enum', default: 'file', words: ['file', 'in-memory'] }
    mode.explanation = 'Of HiveMQ 3, does nothing: persistence/mode decides for everything.'
  }
  return root
}

function add(parent: SchemaNode, element: ListenerElement, explanations: ReadonlyMap<string, string>): void {
  const { path, type } = element
  let target = at(parent, path)
  if (type === 'list') {
    target.kind = 'some'
    target = at(target, element.item)
  }
  target.row = element
  target.isRequired = type === 'port'
  target.explanation = explanations.get(type === 'list' ? `${path}/${element.item}` : path) ?? ''
}

function at(parent: SchemaNode, path: string): SchemaNode {
  let current = parent
  for (const name of path.split('/')) {
    const child = current.children.get(name) ?? node(name)
    current.children.set(name, child)
    current = child
  }
  return current
}
