// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { isLongRun } from '../support/run-budget.ts'
import { compressedWire } from '../support/script/compressed-wire.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { runOverTcp } from '../support/script/run-over-tcp.ts'
import { versionName } from '../support/script/script.ts'
import { memoryStores } from '../support/script/tcp-target.ts'

/** What compression could break: pieces and ends of the stream, order, back-pressure. The rest only in the long run. */
const ABOUT_STREAMS = new Set(
  ['smoke', 'transport', 'disconnect', 'flow-control', 'ordering'].map((name) => `${name}.script`),
)

const folder = join(import.meta.dirname, 'scripts')
const files = readdirSync(folder).filter((name) => name.endsWith('.script'))

describe.each(files.filter((name) => isLongRun || ABOUT_STREAMS.has(name)))('with permessage-deflate, %s', (file) => {
  const scripts = parseScripts(readFileSync(join(folder, file), 'utf8'), file)
  for (const script of scripts.filter(({ transports }) => transports.includes('tcp'))) {
    // Compression knows nothing of versions.
    const latest = script.versions.includes(ProtocolVersion.V5) ? ProtocolVersion.V5 : script.versions[0]!
    for (const version of isLongRun ? script.versions : [latest]) {
      it(`${script.rows.join(' ')} ${script.title} [${versionName(version)}] over compressed WebSocket`, async () => {
        await runOverTcp(script, version, memoryStores(), compressedWire)
      })
    }
  }
})
