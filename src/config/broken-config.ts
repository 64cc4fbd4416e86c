// SPDX-License-Identifier: Apache-2.0
import { type Complaint, DEFAULTS_ARE_USED } from './complaint.ts'

const ASKS_FOR_DEFAULTS = /<on-broken-config>\s*defaults\s*<\/on-broken-config>/

/**
 * Whether a text that is no XML asks for the defaults all the same. It is looked for as text, since a file that cannot be
 * parsed is what the element is for.
 */
export function textAsksForDefaults(text: string): boolean {
  return ASKS_FOR_DEFAULTS.test(text.replaceAll(/<!--.*?(?:-->|$)/gs, ''))
}

/** The complaints of a file whose errors do not stop the start, as in HiveMQ CE. */
export function withDefaultsUsed(complaints: readonly Complaint[]): readonly Complaint[] {
  return complaints.map((complaint) =>
    complaint.severity === 'error' ? { ...complaint, consequence: DEFAULTS_ARE_USED } : complaint,
  )
}
