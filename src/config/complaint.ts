// SPDX-License-Identifier: Apache-2.0
import { oneLine, shorten } from '../util/one-line.ts'

/** Where something stands in a file; lines and columns count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** The place of a complaint about a file as a whole. */
export const WHOLE_FILE: Place = { line: 0, column: 0 }

/** What is wrong with the configuration, for the operator who has to mend it. */
export interface Complaint extends Place {
  /** With an error the broker does not start; an info is about what is well, but not as it looks. */
  readonly severity: 'error' | 'warning' | 'info'
  readonly file: string
  /** The element without the root, like `mqtt/quality-of-service/max-qos`; empty when no element is meant. */
  readonly path: string
  readonly found: string
  /** Empty where `found` says all. */
  readonly expected: string
  /** What happens instead. */
  readonly consequence: string
}

/** The consequence of every error. */
export const DOES_NOT_START = 'the broker does not start'

/** The consequence of having no file, or a broken one where that is asked for. */
export const DEFAULTS_ARE_USED = 'the defaults are used, with plain MQTT on port 1883 of all addresses'

const LONGEST_QUOTE = 80
const LONGEST_PART = 240

/** All of a complaint but its severity, which is the log line's own, in one line. */
export function formatComplaint(complaint: Complaint): string {
  const { file, line, column, path, found, expected, consequence } = complaint
  const place = line === WHOLE_FILE.line ? file : `${file}:${line}:${column}`
  const element = path === '' ? '' : ` ${shorten(path, LONGEST_PART)}:`
  const wanted = expected === '' ? '' : `, expected ${expected}`
  return oneLine(`${place}:${element} found ${shorten(found, LONGEST_PART)}${wanted}; ${consequence}`)
}

/** A piece of the file's text as it appears in a complaint. */
export function quoted(text: string): string {
  return `"${shorten(text, LONGEST_QUOTE)}"`
}
