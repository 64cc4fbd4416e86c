// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { parseTopicFilter } from './topic-filter.ts'

describe('parseTopicFilter', () => {
  it.each([
    'a',
    '/',
    'a/b',
    'a//b',
    '+',
    '#',
    '+/+',
    'a/+/b',
    'a/#',
    '/#',
    '+/#',
    '$SYS/#',
    'a b',
    '$share',
    '$sharex/a',
  ])('takes %s', (text) => {
    expect(parseTopicFilter(text)).toEqual({
      filter: text,
      shareName: null,
      hasWildcard: /[+#]/.test(text),
    })
  })

  it.each(['', 'a/#/b', 'a#', '#/', '##', 'a/##', 'a+', '+a', 'a/b+/c', '++', '+#', 'a/#b', '#a'])(
    'refuses %s',
    (text) => {
      expect(parseTopicFilter(text)).toBeNull()
    },
  )

  it('takes shared filters apart', () => {
    expect(parseTopicFilter('$share/group/a/+')).toEqual({ filter: 'a/+', shareName: 'group', hasWildcard: true })
    expect(parseTopicFilter('$share/g//')).toEqual({ filter: '/', shareName: 'g', hasWildcard: false })
  })

  it.each(['$share//a', '$share/g', '$share/g/', '$share/g+/a', '$share/#/a', '$share/g/a#', '$share/'])(
    'refuses %s',
    (text) => {
      expect(parseTopicFilter(text)).toBeNull()
    },
  )
})
