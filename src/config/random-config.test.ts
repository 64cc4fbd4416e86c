// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import { formatEffectiveSetting } from './effective-setting.ts'
import { childNames } from './element-paths.ts'
import { logConfig } from './log-config.ts'
import { parseConfig } from './parse-config.ts'

const SECRET = 'never-shown'
const VALUES = [
  '',
  'true',
  'false',
  '0',
  '1',
  '-1',
  '65536',
  'x',
  'a',
  'file',
  'in-memory',
  'discard',
  'ignore',
  'honour',
  'NONE',
  'OPTIONAL',
  '/p',
]

/** Elements out of the known names, most of them where they belong, with values that are right somewhere. */
function arbitraryElement(path: string, name: string): fc.Arbitrary<string> {
  const names = childNames(path)
  if (/password/.test(name)) return fc.constant(`<${name}>${SECRET}</${name}>`)
  if (names.length === 0) return fc.constantFrom(...VALUES).map((value) => `<${name}>${value}</${name}>`)
  return arbitraryChildren(path).map((content) => `<${name}>${content}</${name}>`)
}

function arbitraryChildren(path: string): fc.Arbitrary<string> {
  const names = [
    ...childNames(path),
    ...(path === '' ? ['mqtt-addons'] : []),
    ...(path === 'persistence' ? ['client-session'] : []),
  ]
  const child = fc
    .constantFrom(...names)
    .chain((name) => arbitraryElement(path === '' ? name : `${path}/${name}`, name))
  const stray = fc.constantFrom('text', '<typo/>', '<tls/>', '<listener/>', '<name a="b"/>')
  return fc
    .array(fc.oneof({ weight: 20, arbitrary: child }, { weight: 1, arbitrary: stray }), { maxLength: 6 })
    .map((parts) => parts.join(''))
}

describe('any file of known elements', () => {
  it('gives a configuration or an error, shows no secret, and knows where each value comes from', () => {
    const silent = { debug: (): void => {}, info: (): void => {}, warn: (): void => {}, error: (): void => {} }
    fc.assert(
      fc.property(arbitraryChildren(''), (content) => {
        const reading = parseConfig(Buffer.from(`<hivemq>${content}</hivemq>`), 'c', {}, '/opt/hivemq')
        const { config, complaints, effective } = reading
        expect(config === null).toBe(complaints.some(({ severity }) => severity === 'error'))
        expect(effective.length > 0).toBe(config !== null)
        for (const { place, isDefault } of effective) expect(place !== null || isDefault).toBe(true)
        const lines = [...complaints.map(formatComplaint), ...effective.map(formatEffectiveSetting)]
        expect(lines.join('\n')).not.toContain(SECRET)
        logConfig(reading, silent)
      }),
      { numRuns: 2000 },
    )
  })
})
