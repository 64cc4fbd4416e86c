// SPDX-License-Identifier: Apache-2.0
import { type Complaint, WHOLE_FILE } from './complaint.ts'

/** A template that went wrong can have a hundred thousand faults in a megabyte: they would bury the log. */
export const MAX_COMPLAINTS = 200

const SEVERITIES = ['error', 'warning', 'info'] as const

/** In the order of the file; of too many, the gravest are kept, and the rest is counted. */
export function shortenComplaints(complaints: readonly Complaint[], file: string): readonly Complaint[] {
  const kept = SEVERITIES.flatMap((severity) => complaints.filter((complaint) => complaint.severity === severity))
  const left = kept.splice(MAX_COMPLAINTS)
  const inOrder = kept.toSorted((a, b) => a.line - b.line || a.column - b.column)
  if (left.length === 0) return inOrder
  const { severity } = left[0]!
  const found = `${left.length} more complaints like these`
  const consequence = 'they are not shown'
  return [...inOrder, { severity, file, ...WHOLE_FILE, path: '', found, expected: '', consequence }]
}
