// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { isLongRun } from '../support/run-budget.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { runOverTcp } from '../support/script/run-over-tcp.ts'
import { versionName } from '../support/script/script.ts'
import { memoryStores } from '../support/script/tcp-target.ts'
import { webSocketWire } from '../support/script/web-socket-wire.ts'

const folder = join(import.meta.dirname, 'scripts')

describe.each(readdirSync(folder).filter((name) => name.endsWith('.script')))(
  'WS-11: all that MQTT promises on TCP holds over WebSocket, %s',
  (file) => {
    const scripts = parseScripts(readFileSync(join(folder, file), 'utf8'), file)
    for (const script of scripts.filter(({ transports }) => transports.includes('tcp'))) {
      // WebSocket knows nothing of versions: the latest of each script, and all of them only in the long run.
      const latest = script.versions.includes(ProtocolVersion.V5) ? ProtocolVersion.V5 : script.versions[0]!
      for (const version of isLongRun ? script.versions : [latest]) {
        it(`${script.rows.join(' ')} ${script.title} [${versionName(version)}] over WebSocket`, async () => {
          await runOverTcp(script, version, memoryStores(), webSocketWire)
        })
      }
    }
  },
)
