// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { substitute } from './substitution.ts'

it.each([
  ['a/${{clientid}}/b', 'a/C/b'],
  ['${{CLIENTID}}/${{UserName}}', 'C/U'],
  ['a/b', 'a/b'],
  ['§${{clientid}}', '${{clientid}}'],
  ['§§${{clientid}}', '§${{clientid}}'],
  ['${{other}}', '${{other}}'],
  ['${{other:-text}}', 'text'],
  ['${{ clientid }}', '${{ clientid }}'],
  ['${clientid}', '${clientid}'],
])('%s becomes %s', (topic, expected) => {
  expect(substitute(topic, 'C', 'U')).toBe(expected)
})

it('puts names in as they stand', () => {
  expect(substitute('${{clientid}}/${{username}}', '${{username}}', '$&')).toBe('${{username}}/$&')
  expect(substitute('${{clientid}}', '${{clientid}}', 'U')).toBe('${{clientid}}')
  expect(substitute('data/${{clientid}}/#', 'a/b', 'U')).toBe('data/a/b/#')
})
