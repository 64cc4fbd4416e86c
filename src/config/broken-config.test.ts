// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type ConfigReading, DEFAULT_CONFIG, parseConfig } from './parse-config.ts'

const ASKS = '<waggle><compatibility><on-broken-config>defaults</on-broken-config></compatibility></waggle>'
const read = (xml: string): ConfigReading => parseConfig(Buffer.from(xml), 'c', {}, '/opt/hivemq')

describe('waggle/compatibility/on-broken-config', () => {
  it.each([
    ['malformed XML', `<hivemq>${ASKS}<mqtt></hivemq>`],
    ['a DOCTYPE', `<!DOCTYPE hivemq><hivemq>${ASKS}</hivemq>`],
    ['a placeholder that is not set', `<hivemq>${ASKS}\${NOT_SET}</hivemq>`],
    ['a listener without port', `<hivemq>${ASKS}<listeners><tcp-listener/></listeners></hivemq>`],
    [
      'a fault within tls',
      `<hivemq>${ASKS}<listeners><tls-tcp-listener><port>1</port><tls/></tls-tcp-listener></listeners></hivemq>`,
    ],
  ])('starts with the defaults in spite of %s, as HiveMQ CE does', (_name, xml) => {
    const { config, complaints } = read(xml)
    expect(config).toEqual(DEFAULT_CONFIG)
    expect(complaints).toEqual([
      expect.objectContaining({
        severity: 'error',
        consequence: 'the defaults are used, with plain MQTT on port 1883 of all addresses',
      }),
    ])
    expect(read(xml.replace('defaults', 'stop')).config).toBeNull()
    expect(read(xml.replace(ASKS, '')).config).toBeNull()
  })

  it('is not found in a comment', () => {
    expect(read(`<hivemq><!-- ${ASKS} --><mqtt></hivemq>`).config).toBeNull()
    expect(read(`<hivemq><mqtt><!-- ${ASKS}</hivemq>`).config).toBeNull()
  })

  it('changes nothing where nothing is broken', () => {
    const { config, complaints } = read(
      `<hivemq>${ASKS}<listeners><tcp-listener><port>7</port></tcp-listener></listeners></hivemq>`,
    )
    expect(config?.listeners[0]?.port).toBe(7)
    expect(complaints).toEqual([])
  })
})
