// SPDX-License-Identifier: Apache-2.0
import { type Complaint, DOES_NOT_START } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { childNames, pathOf } from './element-paths.ts'
import { FOREIGN_ELEMENTS, FOREIGN_SECTIONS } from './foreign-elements.ts'
import { isStrictPath } from './strict-paths.ts'

/** Collects the complaints about one file. */
export interface Reporter {
  readonly complaints: readonly Complaint[]
  /** A warning about what must not be misread becomes an error. */
  complain(complaint: Omit<Complaint, 'file'>): void
  /** Warns of what is read as it stands but may not be meant, where a mistake would be an error too. */
  advise(complaint: Omit<Complaint, 'file' | 'severity'>): void
  /** Complains once per path: a wrong name in twenty listeners is one mistake. */
  complainOfUnknown(element: ConfigElement, sectionPath: string, path: string): void
}

const RAISED = { severity: 'error', consequence: DOES_NOT_START } as const

export function createReporter(file: string): Reporter {
  const complaints: Complaint[] = []
  const unknownPaths = new Set<string>()
  const complain = (complaint: Omit<Complaint, 'file'>): void => {
    const isRaised = complaint.severity === 'warning' && isStrictPath(complaint.path)
    complaints.push({ ...complaint, ...(isRaised ? RAISED : {}), file })
  }
  const complainOfUnknown: Reporter['complainOfUnknown'] = (element, sectionPath, path) => {
    if (FOREIGN_SECTIONS.has(path) && element.children.length > 0) {
      for (const child of element.children) complainOfUnknown(child, path, pathOf(path, child.name))
      return
    }
    if (unknownPaths.has(path)) return
    unknownPaths.add(path)
    const names = childNames(sectionPath)
    const unknown = {
      severity: 'warning',
      found: 'an unknown element',
      expected: names.length === 0 ? 'no elements here' : `one of ${names.join(', ')}`,
      consequence: 'it is ignored',
    } as const
    complain({ ...(FOREIGN_ELEMENTS.get(path) ?? unknown), ...element.place, path })
  }
  return {
    complaints,
    complain,
    advise: (complaint) => void complaints.push({ ...complaint, severity: 'warning', file }),
    complainOfUnknown,
  }
}
