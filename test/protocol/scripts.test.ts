// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { denyingAuthorizer } from '../support/script/denying-authorizer.ts'
import { startMemoryTarget } from '../support/script/memory-target.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { CONFIGURATIONS, runOverTcp } from '../support/script/run-over-tcp.ts'
import { runScript } from '../support/script/run-script.ts'
import { versionName } from '../support/script/script.ts'
import type { Chunking } from '../support/script/target.ts'

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
            await runOverTcp(script, version)
          })
        }
      }
    }
  })
}
