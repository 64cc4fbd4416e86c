// SPDX-License-Identifier: Apache-2.0
import { SETTING_ELEMENTS } from './setting-elements.ts'

/** The elements of a `listeners/tcp-listener`. */
export const TCP_LISTENER_PATH = 'listeners/tcp-listener'
const LISTENER_ELEMENTS = ['port', 'bind-address', 'name']

const valuePaths: ReadonlySet<string> = new Set([
  ...LISTENER_ELEMENTS.map((name) => pathOf(TCP_LISTENER_PATH, name)),
  ...SETTING_ELEMENTS.map((element) => element.path),
])

const childrenOfSections = new Map<string, string[]>([['', []]])
for (const path of valuePaths) {
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

/** The names that are known within a section; none for other paths. */
export function childNames(sectionPath: string): readonly string[] {
  return childrenOfSections.get(sectionPath) ?? []
}
