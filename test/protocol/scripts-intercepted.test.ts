// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { startPassThrough } from '../support/pass-through-extensions.ts'
import { isLongRun } from '../support/run-budget.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { runOverTcp } from '../support/script/run-over-tcp.ts'
import { versionName } from '../support/script/script.ts'
import { memoryStores } from '../support/script/tcp-target.ts'

/** What packets that are cut apart, shown and written anew could lose: order, forms, ends. The rest only in the long run. */
const ABOUT_PACKETS = new Set(
  [
    'smoke',
    'ordering',
    'flow-control',
    'disconnect',
    'maximum-packet-size',
    'publish-out',
    'topic-alias',
    'strings',
  ].map((name) => `${name}.script`),
)

const folder = join(import.meta.dirname, 'scripts')
const files = readdirSync(folder).filter((name) => name.endsWith('.script'))

// Interceptors that change nothing change nothing.
for (const file of files.filter((name) => isLongRun || ABOUT_PACKETS.has(name))) {
  describe(file, () => {
    const scripts = parseScripts(readFileSync(join(folder, file), 'utf8'), file)
    for (const script of scripts.filter(({ transports }) => transports.includes('tcp'))) {
      for (const version of script.versions) {
        it(`${script.rows.join(' ')} ${script.title} [${versionName(version)}] with interceptors`, async () => {
          await runOverTcp(script, version, memoryStores(), undefined, startPassThrough)
        })
      }
    }
  })
}
