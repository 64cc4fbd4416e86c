// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import { denyingAuthorizer } from '../support/script/denying-authorizer.ts'
import { startMemoryTarget } from '../support/script/memory-target.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { runScript } from '../support/script/run-script.ts'
import { startTcpTarget } from '../support/script/tcp-target.ts'
import { type ConfigurationName, versionName } from '../support/script/script.ts'
import type { Chunking } from '../support/script/target.ts'

const CONFIGURATIONS: Readonly<Record<ConfigurationName, Partial<BrokerSettings>>> = {
  default: {},
  umh: { retainedMessagesEnabled: false, allowEmptyClientIdEnabled: false },
}
const CHUNKINGS: readonly Chunking[] = ['whole', 'byte by byte', 'coalesced']
const folder = join(import.meta.dirname, 'scripts')

for (const file of readdirSync(folder).filter((name) => name.endsWith('.script'))) {
  describe(file, () => {
    for (const script of parseScripts(readFileSync(join(folder, file), 'utf8'), file)) {
      for (const version of script.versions) {
        const name = `${script.rows.join(' ')} ${script.title} [${versionName(version)}]`
        it(name, async () => {
          for (const configuration of script.configurations) {
            for (const chunking of CHUNKINGS) {
              const settings = { ...CONFIGURATIONS[configuration], ...script.settings }
              const target = await startMemoryTarget(settings, denyingAuthorizer(script.denied))
              try {
                await runScript(script, version, chunking, target)
              } catch (error) {
                throw new Error(`${configuration} configuration, ${chunking}:\n${(error as Error).message}`, {
                  cause: error,
                })
              } finally {
                await target.stop()
              }
            }
          }
        })
        if (script.transports.includes('tcp')) {
          it(`${name} over TCP`, async () => {
            const settings = { ...CONFIGURATIONS[script.configurations[0]!], ...script.settings }
            const target = await startTcpTarget(settings, denyingAuthorizer(script.denied))
            try {
              await runScript(script, version, 'whole', target)
            } finally {
              await target.stop()
            }
          })
        }
      }
    }
  })
}
