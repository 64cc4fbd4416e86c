// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { DEFAULT_CONFIG, readExtensionConfig } from './extension-config.ts'

const wrap = (content: string): string => `<extension-configuration>${content}</extension-configuration>`

it('reads what is there, and has defaults for the rest', () => {
  expect(readExtensionConfig(wrap('<unknown/>'))).toEqual({ config: DEFAULT_CONFIG, warnings: [] })
  const all = `<credentials-reload-interval>5</credentials-reload-interval>
    <listener-names><listener-name>tls</listener-name><listener-name> ws </listener-name></listener-names>
    <password-type>PLAIN</password-type><next-extension-instead-of-fail>1</next-extension-instead-of-fail>
    <waggle><repeated-topic>last</repeated-topic><plus-covers-hash>true</plus-covers-hash><connected-clients>update</connected-clients>
    <certificate-user-name>common-name</certificate-user-name></waggle>`
  expect(readExtensionConfig(wrap(all))).toEqual({
    config: {
      credentialsReloadIntervalSec: 5,
      listenerNames: new Set(['tls', ' ws ']),
      passwordType: 'PLAIN',
      nextExtensionInsteadOfFail: true,
      repeatedTopic: 'last',
      plusCoversHash: true,
      connectedClients: 'update',
      certificateUserName: 'common-name',
    },
    warnings: [],
  })
})

it.each([
  ['<credentials-reload-interval>0</credentials-reload-interval>', 'found "0", expected a whole number'],
  ['<credentials-reload-interval>1.5</credentials-reload-interval>', 'found "1.5"'],
  ['<password-type>plain</password-type>', 'found "plain", expected HASHED or PLAIN; HASHED is used'],
  ['<password-type> PLAIN</password-type>', 'found " PLAIN"'],
  ['<waggle><repeated-topic>some</repeated-topic></waggle>', 'found "some", expected all or last; all is used'],
  ['<waggle><plus-covers-hash>yes</plus-covers-hash></waggle>', 'found "yes", expected unset or false or true'],
])('warns and uses the default: %s', (content, warning) => {
  const { config, warnings } = readExtensionConfig(wrap(content))
  expect(config).toEqual(DEFAULT_CONFIG)
  expect(warnings).toEqual([expect.stringContaining(warning)])
})

it.each(['', '<extension-configuration>', '<other/>', '<!DOCTYPE a><extension-configuration/>'])(
  'uses all defaults for a file that cannot be read: %j',
  (text) => {
    const { config, warnings } = readExtensionConfig(text)
    expect(config).toEqual(DEFAULT_CONFIG)
    expect(warnings).toEqual([expect.stringMatching(/^line 1: .*; the defaults are used$/)])
  },
)

it.each(['TRUE', 'yes', 'false', '0'])('takes %s for false, as HiveMQ does', (word) => {
  const xml = wrap(`<next-extension-instead-of-fail>${word}</next-extension-instead-of-fail>`)
  expect(readExtensionConfig(xml)).toEqual({ config: DEFAULT_CONFIG, warnings: [] })
})
