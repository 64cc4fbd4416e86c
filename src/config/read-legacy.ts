// SPDX-License-Identifier: Apache-2.0
import { quoted } from './complaint.ts'
import type { CompatibilitySettings } from './compatibility-settings.ts'
import type { ConfigElement } from './config-element.ts'
import { LEGACY_MODES, type LegacyElement } from './legacy-elements.ts'
import type { Reporter } from './reporter.ts'

type Values = ReadonlyMap<string, ConfigElement>

/** Whether a legacy element that is given counts; if not, that is said. */
export function legacyCounts(
  element: LegacyElement,
  values: Values,
  { legacyElements }: CompatibilitySettings,
  reporter: Reporter,
): boolean {
  const { path, from, successor } = element
  const { place } = values.get(path)!
  const winner = successor === null ? undefined : values.get(successor)
  if (legacyElements === 'ignore') {
    const consequence = 'it is ignored, as waggle/compatibility/legacy-elements asks'
    reporter.complain({ severity: 'info', ...place, path, found: from, expected: '', consequence })
    return false
  }
  if (winner !== undefined) {
    reporter.complain({
      severity: 'warning',
      ...place,
      path,
      found: `${from}, and its successor ${successor} in line ${winner.place.line}`,
      expected: 'one of the two',
      consequence: 'the successor counts',
    })
    return false
  }
  return true
}

/** A legacy element that counts changes what HiveMQ CE would do with this file. */
export function sayHonoured(element: LegacyElement, values: Values, value: unknown, reporter: Reporter): void {
  const { path, from, successor } = element
  reporter.complain({
    severity: 'info',
    ...values.get(path)!.place,
    path,
    found: `${from} that HiveMQ CE ignores`,
    expected: successor === null ? '' : `its successor ${successor}`,
    consequence: `${String(value)} is used`,
  })
}

/** All modes in one line: none does anything. */
export function complainOfLegacyModes(values: Values, reporter: Reporter): void {
  const modes = LEGACY_MODES.flatMap((path) => {
    const given = values.get(path)
    return given === undefined || given.text === '' ? [] : [{ path, ...given }]
  })
  for (const { path, text, place } of modes) {
    if (text === 'file' || text === 'in-memory') continue
    reporter.complain({
      severity: 'warning',
      ...place,
      path,
      found: quoted(text),
      expected: 'file or in-memory',
      consequence: 'it is ignored',
    })
  }
  const [first] = modes
  if (first === undefined) return
  // Who kept nothing in files may not want to find everything there.
  const areInMemory = modes.every(({ text }) => text === 'in-memory')
  const isDecided = values.has('persistence/mode')
  const owners = modes.map(({ path }) => path.split('/').slice(1, -1).join('/'))
  reporter.complain({
    severity: areInMemory && !isDecided ? 'warning' : 'info',
    ...first.place,
    path: 'persistence',
    found: `modes of HiveMQ 3 for ${owners.join(', ')}`,
    expected: 'persistence/mode for all of them',
    consequence: isDecided ? 'persistence/mode counts' : 'everything is kept in files, as in HiveMQ CE',
  })
}
