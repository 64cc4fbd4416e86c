// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { parseScripts } from '../support/script/parse-script.ts'
import { runOverTcp } from '../support/script/run-over-tcp.ts'
import { isLongRun } from '../support/run-budget.ts'
import { versionName } from '../support/script/script.ts'
import { memoryStores } from '../support/script/tcp-target.ts'
import { tlsWire } from '../support/tls/tls-wire.ts'

/** What TLS could break: pieces and ends of the stream, time, order, back-pressure. The rest only in the long run. */
const ABOUT_STREAMS = new Set(
  ['smoke', 'framing', 'transport', 'keep-alive', 'disconnect', 'flow-control', 'maximum-packet-size', 'ordering'].map(
    (name) => `${name}.script`,
  ),
)

const folder = join(import.meta.dirname, 'scripts')
const files = readdirSync(folder).filter((name) => name.endsWith('.script'))

for (const file of files.filter((name) => isLongRun || ABOUT_STREAMS.has(name))) {
  describe(file, () => {
    const scripts = parseScripts(readFileSync(join(folder, file), 'utf8'), file)
    for (const script of scripts.filter(({ transports }) => transports.includes('tcp'))) {
      for (const version of script.versions) {
        it(`${script.rows.join(' ')} ${script.title} [${versionName(version)}] over TLS`, async () => {
          await runOverTcp(script, version, memoryStores(), tlsWire)
        })
      }
    }
  })
}
