// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'
import { parseScripts } from '../support/script/parse-script.ts'
import { runOverTcp } from '../support/script/run-over-tcp.ts'
import { versionName } from '../support/script/script.ts'

// The scripts about what outlives a connection, with the durable store behind the broker: what a client sees must not
// depend on the store.

const FILES = [
  'flow-control',
  'message-expiry',
  'ordering',
  'publish-in',
  'publish-out',
  'queues',
  'redelivery',
  'retained',
  'sessions',
  'shared-subscriptions',
  'wills',
]
const folder = join(import.meta.dirname, '../protocol/scripts')

for (const file of FILES) {
  describe(file, () => {
    const text = readFileSync(join(folder, `${file}.script`), 'utf8')
    for (const script of parseScripts(text, file)) {
      if (!script.transports.includes('tcp')) continue
      // The store knows nothing of versions, so one for each script is enough: the latest that it is for.
      const version = script.versions.includes(ProtocolVersion.V5) ? ProtocolVersion.V5 : script.versions[0]!
      it(`${script.rows.join(' ')} ${script.title} [${versionName(version)}]`, async () => {
        await using stores = new LmdbStores()
        await runOverTcp(script, version, stores)
      })
    }
  })
}
