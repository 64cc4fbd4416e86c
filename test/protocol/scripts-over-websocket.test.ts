// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { isLongRun } from '../support/run-budget.ts'
import { denyingAuthorizer } from '../support/script/denying-authorizer.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { runScript } from '../support/script/run-script.ts'
import { versionName } from '../support/script/script.ts'
import { memoryStores, startTcpTarget } from '../support/script/tcp-target.ts'
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
          const settings = script.configurations.includes('default')
            ? script.settings
            : { retainedMessagesEnabled: false, allowEmptyClientIdEnabled: false, ...script.settings }
          const target = await startTcpTarget(settings, denyingAuthorizer(script.denied), memoryStores(), webSocketWire)
          try {
            await runScript(script, version, 'whole', target)
          } finally {
            await target.stop()
          }
        })
      }
    }
  },
)
