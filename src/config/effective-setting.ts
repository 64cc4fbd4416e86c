// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { oneLine, shorten } from '../util/one-line.ts'
import type { Place } from './complaint.ts'
import type { ListenerElement } from './value-element.ts'

/** Enough for the longest list of cipher suites that makes sense. */
const LONGEST_VALUE = 2000

/** What the broker runs with, for one element, and why. */
export interface EffectiveSetting {
  /** That of a listener has its name in it: `listeners/tcp-listener[a]/port`. */
  readonly path: string
  /** As text; secrets are masked. */
  readonly value: string
  readonly isDefault: boolean
  /** Where it was given; null if it was not. */
  readonly place: Place | null
  /** The element that it was given with, where that is a legacy one; else null. */
  readonly legacyPath: string | null
}

export function formatEffectiveSetting({ path, value }: EffectiveSetting): string {
  return oneLine(`${path} = ${shorten(value, LONGEST_VALUE)}`)
}

/** Of a setting out of `file`. */
export function formatOrigin({ path, place, legacyPath }: EffectiveSetting, file: string): string {
  if (place === null) return 'default'
  const origin = `${basename(file)}:${place.line}`
  if (legacyPath === null) return oneLine(origin)
  return oneLine(`${origin}, legacy element${legacyPath === path ? '' : ` ${legacyPath}`}`)
}

type Value = number | boolean | string | readonly string[] | null

/** A listener's value as it may be shown. */
export function showValue({ type }: ListenerElement, value: Value): string {
  if (value === '') return '(empty)'
  if (type === 'secret') return '***'
  if (value === null) return type === 'file' ? '(none)' : '(default)'
  if (typeof value !== 'object') return String(value)
  return value.length === 0 ? '(empty)' : value.join(' ')
}
