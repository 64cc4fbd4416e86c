// SPDX-License-Identifier: Apache-2.0
import { type Place, quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import type { EffectiveSetting } from './effective-setting.ts'
import { LEGACY_ELEMENTS } from './legacy-elements.ts'
import { describeValues, type ParsedValue, parseValue } from './parse-value.ts'
import { complainOfLegacyModes, legacyCounts, sayHonoured } from './read-legacy.ts'
import type { Reporter } from './reporter.ts'
import { DEFAULTS, SETTING_ELEMENTS, type SettingElement, type Settings } from './setting-elements.ts'

const LEGACY_PATHS: ReadonlySet<string> = new Set(LEGACY_ELEMENTS.map(({ path }) => path))

export interface SettingReading {
  readonly settings: Settings
  readonly effective: readonly EffectiveSetting[]
}

/** The same without a file. */
export const DEFAULT_SETTING_READING: SettingReading = { settings: DEFAULTS, effective: effectiveSettings(new Map()) }

/** All settings out of the elements that were given, by path. */
export function readSettings(values: ReadonlyMap<string, ConfigElement>, reporter: Reporter): SettingReading {
  const settings: Record<keyof Settings, Record<string, unknown>> = {
    broker: { ...DEFAULTS.broker },
    persistence: { ...DEFAULTS.persistence },
    compatibility: { ...DEFAULTS.compatibility },
    logging: { ...DEFAULTS.logging },
    watchdog: { ...DEFAULTS.watchdog },
  }
  // The table's types tie each value to a field that can hold it; max-qos has its range, and what has words has those.
  const typed = settings as unknown as Settings
  const changes: Changes = new Map()
  const read = (element: SettingElement): ParsedValue['value'] => {
    const given = values.get(element.path)!
    const value = readValue(element, given, reporter)
    changes.set(keyOf(element), { value, place: given.place, path: element.path })
    if (element.setting !== null) settings[element.setting[0]][element.setting[1]] = value
    return value
  }
  const isGiven = ({ path }: SettingElement): boolean => (values.get(path)?.text ?? '') !== ''
  for (const element of SETTING_ELEMENTS.filter(isGiven)) read(element)
  for (const element of LEGACY_ELEMENTS.filter(isGiven)) {
    if (!legacyCounts(element, values, typed.compatibility, reporter)) continue
    sayHonoured(element, values, read(element), reporter)
  }
  complainOfLegacyModes(values, reporter)
  return { settings: typed, effective: effectiveSettings(changes) }
}

/** By the key of the setting. */
type Changes = Map<string, { readonly value: ParsedValue['value']; readonly place: Place; readonly path: string }>

/** A legacy element and its successor have the same. */
function keyOf({ setting, path }: SettingElement): string {
  return setting?.join('.') ?? path
}

function effectiveSettings(changes: Changes): readonly EffectiveSetting[] {
  const withoutSuccessor = LEGACY_ELEMENTS.filter(({ successor }) => successor === null)
  return [...SETTING_ELEMENTS, ...withoutSuccessor].map((element) => {
    const change = changes.get(keyOf(element))
    const value = change === undefined ? element.default : change.value
    return {
      path: element.path,
      value: String(value),
      isDefault: value === element.default,
      place: change?.place ?? null,
      legacyPath: change !== undefined && LEGACY_PATHS.has(change.path) ? change.path : null,
    }
  })
}

function readValue(element: SettingElement, given: ConfigElement, reporter: Reporter): ParsedValue['value'] {
  const { value, isAsWritten } = parseValue(element, given.text)
  const { path } = element
  if (!isAsWritten) {
    reporter.complain({
      severity: 'warning',
      ...given.place,
      path,
      found: quoted(given.text),
      expected: describeValues(element),
      consequence: value === element.default ? `the default, ${value}, is used` : `${value} is used`,
    })
  }
  return value
}
