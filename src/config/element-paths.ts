// SPDX-License-Identifier: Apache-2.0
import { ADDITION, ADDITION_NAME, ADDITIONS_PATH, LISTENER_TYPES } from './listener-elements.ts'
import { LEGACY_ELEMENTS, LEGACY_MODES } from './legacy-elements.ts'
import { SETTING_ELEMENTS } from './setting-elements.ts'
import type { ListenerElement } from './value-element.ts'

const valuePaths = new Set<string>()
const itemNames = new Map<string, string>()
const childrenOfSections = new Map<string, string[]>([['', []]])

for (const [name, { elements }] of LISTENER_TYPES) addElements(pathOf('listeners', name), elements)
for (const { path } of SETTING_ELEMENTS) addPath(path)
addElements(pathOf(ADDITIONS_PATH, ADDITION_NAME), Object.values(ADDITION))
itemNames.set(ADDITIONS_PATH, ADDITION_NAME)
const current = new Set([...childrenOfSections.keys(), ...valuePaths])
for (const path of [...LEGACY_ELEMENTS.map((element) => element.path), ...LEGACY_MODES]) addPath(path)

function addElements(sectionPath: string, elements: readonly ListenerElement[]): void {
  for (const element of elements) {
    const path = pathOf(sectionPath, element.path)
    if (element.type === 'list') {
      itemNames.set(path, element.item)
      addPath(pathOf(path, element.item))
    } else addPath(path)
  }
}

function addPath(path: string): void {
  valuePaths.add(path)
  let section = ''
  for (const name of path.split('/')) {
    const children = childrenOfSections.get(section) ?? []
    if (!children.includes(name)) childrenOfSections.set(section, [...children, name])
    section = pathOf(section, name)
  }
}

/** Paths start below the root, whose own is empty. */
export function pathOf(sectionPath: string, name: string): string {
  return sectionPath === '' ? name : `${sectionPath}/${name}`
}

/** Whether an element of this path holds a value. */
export function isValuePath(path: string): boolean {
  return valuePaths.has(path)
}

/** Whether an element of this path holds other elements. */
export function isSectionPath(path: string): boolean {
  return childrenOfSections.has(path)
}

/** The name of the elements that the list of this path holds, any number of them; undefined if it is no list. */
export function itemNameOf(path: string): string | undefined {
  return itemNames.get(path)
}

/** The names to propose within a section, legacy ones only where there are no others; none for other paths. */
export function childNames(sectionPath: string): readonly string[] {
  const names = childrenOfSections.get(sectionPath) ?? []
  const currentNames = names.filter((name) => current.has(pathOf(sectionPath, name)))
  return currentNames.length > 0 ? currentNames : names
}
