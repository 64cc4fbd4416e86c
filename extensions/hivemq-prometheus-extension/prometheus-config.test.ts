// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPrometheusConfig, SHIPPED_ADDRESS } from './prometheus-config.ts'

const NO_WARNINGS: string[] = []

it('reads the file of the United Manufacturing Hub', () => {
  const file = join(import.meta.dirname, '../../test/fixtures/umh/prometheus.properties')
  const address = { host: '0.0.0.0', port: 9399, path: '/metrics' }
  expect(readPrometheusConfig(readFileSync(file, 'utf8'))).toEqual({ address, warnings: NO_WARNINGS })
})

it.each([
  '# a comment\n! another\n\nip=::1\nport=80\nmetric_path=/a',
  'ip : ::1  \r\nport 80\r\nmetric_path = /a\r\nunknown=1',
  '  ip=\\\n   ::1\nport=8\\u0030\nmetric_path=\\/a\n',
  'port=1\nip=first\nip=::1\nport=80\nmetric_path=/a',
])("reads Java's properties: %j", (text) => {
  const address = { host: '::1', port: 80, path: '/a' }
  expect(readPrometheusConfig(text)).toEqual({ address, warnings: NO_WARNINGS })
})

it('uses what HiveMQ ships with for what is wrong or missing, and says all of it', () => {
  expect(readPrometheusConfig('ip=\nport=0')).toEqual({
    address: SHIPPED_ADDRESS,
    warnings: [
      'line 1: ip: found "", expected an address; 0.0.0.0 is used',
      'line 2: port: found "0", expected a whole number from 1 to 65535; 9399 is used',
      'metric_path: is missing, expected a path that begins with /; /metrics is used',
    ],
  })
  expect(readPrometheusConfig('ip=a\n\nport=80 # http\nmetric_path=metrics')).toEqual({
    address: { ...SHIPPED_ADDRESS, host: 'a' },
    warnings: [
      'line 3: port: found "80 # http", expected a whole number from 1 to 65535; 9399 is used',
      'line 4: metric_path: found "metrics", expected a path that begins with /; /metrics is used',
    ],
  })
})

it.each([
  ['', 'found none of ip, port, metric_path'],
  ['<xml/>', 'found none of ip, port, metric_path'],
  ['host=a', 'found none of ip, port, metric_path'],
  ['ip=\\u00zz', "malformed escaped unicode characters '\\u00zz'"],
])('can read nothing of %j', (text, warning) => {
  expect(readPrometheusConfig(text)).toEqual({ address: null, warnings: [warning] })
})
