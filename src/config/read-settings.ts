// SPDX-License-Identifier: Apache-2.0
import { quoted } from './complaint.ts'
import type { ConfigElement } from './config-element.ts'
import { LEGACY_ELEMENTS } from './legacy-elements.ts'
import { describeValues, type ParsedValue, parseValue } from './parse-value.ts'
import { complainOfLegacyModes, legacyCounts, sayHonoured } from './read-legacy.ts'
import type { Reporter } from './reporter.ts'
import { DEFAULTS, SETTING_ELEMENTS, type SettingElement, type Settings } from './setting-elements.ts'

/** All settings out of the elements that were given, by path. */
export function readSettings(values: ReadonlyMap<string, ConfigElement>, reporter: Reporter): Settings {
  const settings: Record<keyof Settings, Record<string, unknown>> = {
    broker: { ...DEFAULTS.broker },
    persistence: { ...DEFAULTS.persistence },
    compatibility: { ...DEFAULTS.compatibility },
  }
  // The table's types tie each value to a field that can hold it; max-qos has its range, and what has words has those.
  const typed = settings as unknown as Settings
  const read = (element: SettingElement): ParsedValue['value'] => {
    const value = readValue(element, values.get(element.path)!, reporter)
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
  return typed
}

function readValue(element: SettingElement, given: ConfigElement, reporter: Reporter): ParsedValue['value'] {
  const { value, isAsWritten } = parseValue(element, given.text)
  const { path, notYet } = element
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
  if (notYet !== undefined && value !== notYet.unless) {
    reporter.complain({
      severity: 'warning',
      ...given.place,
      path,
      found: notYet.found,
      expected: `${notYet.unless}`,
      consequence: notYet.consequence,
    })
  }
  return value
}
