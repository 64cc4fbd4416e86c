// SPDX-License-Identifier: Apache-2.0
import { quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { isSectionPath, isValuePath, itemNameOf, pathOf } from './element-paths.ts'
import type { Reporter } from './reporter.ts'
import { isStrictPath } from './strict-paths.ts'

/**
 * The known elements below `section`, by path; a list is one element. As in HiveMQ the last one counts of what is given
 * twice, and a section that is given again replaces the whole earlier one; only that is not silent here.
 */
export function collectValues(
  section: ConfigElement,
  sectionPath: string,
  reporter: Reporter,
): ReadonlyMap<string, ConfigElement> {
  const values = new Map<string, ConfigElement>()
  collectInto(values, section, sectionPath, reporter)
  return values
}

/** HiveMQ skips all attributes. A value that stands in one would be missed in silence. */
export function complainOfAttributes(element: ConfigElement, path: string, reporter: Reporter): void {
  if (element.attributes.length === 0) return
  reporter.complain({
    severity: 'warning',
    ...element.place,
    path,
    found: `the attribute ${element.attributes.join(', ')}`,
    expected: 'no attributes, since values stand in elements',
    consequence: 'it is ignored',
  })
}

/** HiveMQ skips text between the elements of a section. */
export function complainOfText(section: ConfigElement, path: string, reporter: Reporter): void {
  if (section.text === '') return
  reporter.complain({
    severity: 'warning',
    ...section.place,
    path,
    // Where keys are, it may be a password.
    found: isStrictPath(path) ? 'text' : `the text ${quoted(section.text)}`,
    expected: 'elements only',
    consequence: 'it is ignored',
  })
}

/** The recursion ends with the known sections. */
function collectInto(
  values: Map<string, ConfigElement>,
  section: ConfigElement,
  sectionPath: string,
  reporter: Reporter,
): void {
  complainOfText(section, sectionPath, reporter)
  for (const [path, element] of lastOfEach(section, sectionPath, reporter)) {
    values.set(path, element)
    complainOfAttributes(element, path, reporter)
    const itemName = itemNameOf(path)
    if (itemName === undefined && isSectionPath(path)) {
      collectInto(values, element, path, reporter)
      continue
    }
    if (itemName !== undefined) complainOfText(element, path, reporter)
    for (const child of element.children) {
      if (child.name !== itemName) reporter.complainOfUnknown(child, path, pathOf(path, child.name))
      else complainOfAttributes(child, pathOf(path, child.name), reporter)
    }
  }
}

function lastOfEach(section: ConfigElement, sectionPath: string, reporter: Reporter): Map<string, ConfigElement> {
  const elements = new Map<string, ConfigElement>()
  for (const element of section.children) {
    const path = pathOf(sectionPath, element.name)
    if (!isSectionPath(path) && !isValuePath(path)) {
      reporter.complainOfUnknown(element, sectionPath, path)
      continue
    }
    const earlier = elements.get(path)
    if (earlier !== undefined) {
      reporter.complain({
        severity: 'warning',
        ...earlier.place,
        path,
        found: `an element that is given again in line ${element.place.line}`,
        expected: 'it once',
        consequence: 'it is ignored, the last one counts',
      })
    }
    elements.set(path, element)
  }
  return elements
}
