// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerKind } from './broker-kind.ts'

const PACKAGE = join(import.meta.dirname, '../node_modules/aedes/package.json')

/** The best known broker on Node, for comparison with one that was written in the same language. */
export const aedes: BrokerKind = {
  name: 'aedes',
  hasMqtt5: false,
  describe() {
    if (!existsSync(PACKAGE)) return { missing: 'not installed: npm ci --prefix bench' }
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }
    return { text: `${version}, without MQTT 5` }
  },
  prepare(port) {
    const server = join(import.meta.dirname, 'aedes-server.ts')
    return { file: process.execPath, args: [server, String(port)], env: process.env }
  },
}
