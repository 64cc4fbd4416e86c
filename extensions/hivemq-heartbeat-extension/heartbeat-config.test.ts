// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { DEFAULT_ADDRESS, readHeartbeatConfig } from './heartbeat-config.ts'

const ROOT = 'heartbeat-extension-configuration'
const wrap = (content: string): string => `<${ROOT}>${content}</${ROOT}>`

it('reads the file of the United Manufacturing Hub', () => {
  const file = join(import.meta.dirname, '../../test/fixtures/umh/heartbeat.xml')
  const address = { host: '0.0.0.0', port: 9090, path: '/heartbeat' }
  expect(readHeartbeatConfig(readFileSync(file, 'utf8'))).toEqual({ address, warnings: [] })
})

it('reads what is there, the last of each, and has defaults for the rest', () => {
  expect(readHeartbeatConfig(wrap('<unknown/><port/><path></path>'))).toEqual({
    address: DEFAULT_ADDRESS,
    warnings: [],
  })
  const all = '<port>1</port><port> 8000 </port><bind-address>::1</bind-address><path>/alive</path>'
  expect(readHeartbeatConfig(wrap(all))).toEqual({
    address: { host: '::1', port: 8000, path: '/alive' },
    warnings: [],
  })
})

it.each([
  ['<port>0</port>', 'line 1: port: found "0", expected a whole number from 1 to 65535; 9090 is used'],
  ['\n<port>-1</port>', 'line 2: port: found "-1", expected a whole number from 1 to 65535; 9090 is used'],
  ['<port>1e3</port>', 'line 1: port: found "1e3", expected a whole number from 1 to 65535; 9090 is used'],
  ['<port>65536</port>', 'line 1: port: found "65536", expected a whole number from 1 to 65535; 9090 is used'],
  ['<path>heartbeat</path>', 'line 1: path: found "heartbeat", expected a path that begins with /; /heartbeat is used'],
])('warns and uses the default: %j', (content, warning) => {
  expect(readHeartbeatConfig(wrap(content))).toEqual({ address: DEFAULT_ADDRESS, warnings: [warning] })
})

it.each([
  ['', 'line 1: Root element is missing or invalid'],
  [`<${ROOT}>`, expect.stringMatching(/^line 1: /)],
  ['<extension-configuration/>', `line 1: found the root element extension-configuration, expected ${ROOT}`],
  [`<!DOCTYPE a><${ROOT}/>`, 'line 1: found a DOCTYPE, expected XML without one'],
])('can read nothing of %j', (text, warning) => {
  expect(readHeartbeatConfig(text)).toEqual({ address: null, warnings: [warning] })
})
