// SPDX-License-Identifier: Apache-2.0
import type { Complaint } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { childNames } from './element-paths.ts'
import { FOREIGN_ELEMENTS } from './foreign-elements.ts'

/** Collects the complaints about one file. */
export interface Reporter {
  readonly complaints: readonly Complaint[]
  complain(complaint: Omit<Complaint, 'file'>): void
  /** Complains once per path: a wrong name in twenty listeners is one mistake. */
  complainOfUnknown(element: ConfigElement, sectionPath: string, path: string): void
}

export function createReporter(file: string): Reporter {
  const complaints: Complaint[] = []
  const unknownPaths = new Set<string>()
  const complain = (complaint: Omit<Complaint, 'file'>): void => void complaints.push({ ...complaint, file })
  return {
    complaints,
    complain,
    complainOfUnknown(element, sectionPath, path) {
      if (unknownPaths.has(path)) return
      unknownPaths.add(path)
      const foreign = FOREIGN_ELEMENTS.get(path)
      const names = childNames(sectionPath)
      complain({
        severity: 'warning',
        ...element.place,
        path,
        found: foreign?.found ?? 'an unknown element',
        expected: names.length === 0 ? 'no elements here' : `one of ${names.join(', ')}`,
        consequence: foreign?.consequence ?? 'it is ignored',
      })
    },
  }
}
