// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { STORE_FILE } from '../../src/store/lmdb/open-lmdb-store.ts'
import { writeAllowAll } from '../../test/support/extension-folders.ts'
import { KEY_STORE, KEY_STORE_PASSWORD } from '../certificate.ts'
import type { BrokerKind, Wire } from './broker-kind.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What `npm run build` makes, and what users run. */
const BUILT = 'dist/waggle.js'
/** Until it is built: the sources, which start slower and take more memory. */
const SOURCE = 'src/main.ts'

export const waggle: BrokerKind = {
  name: 'waggle',
  hasMqtt5: true,
  describe() {
    const entry = entryFile()
    if (entry === SOURCE) return { text: `node ${SOURCE} (not built: npm run build)` }
    return { text: `node ${BUILT}${isStale() ? ' (OLDER THAN src/: npm run build)' : ''}` }
  },
  prepare(port, folder, { queueSize, wire }) {
    for (const name of ['conf', 'data', 'log', 'extensions']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'conf/config.xml'), configXml(port, queueSize, wire))
    writeAllowAll(join(folder, 'extensions'))
    const env = environment(port, folder)
    if (entryFile() === SOURCE) {
      return { file: process.execPath, args: ['--conditions=waggle-sources', join(ROOT, SOURCE)], env }
    }
    // As its users start it, with options for V8 and the allocator.
    return { file: join(ROOT, 'bin/run.sh'), args: [], env: { ...env, WAGGLE_NODE: process.execPath } }
  },
  storeFile: (folder) => join(folder, 'data/waggle', STORE_FILE),
}

const TLS = `
      <tls>
        <keystore>
          <path>${KEY_STORE}</path>
          <password>${KEY_STORE_PASSWORD}</password>
          <private-key-password>${KEY_STORE_PASSWORD}</private-key-password>
        </keystore>
      </tls>`

const ELEMENTS: Readonly<Record<Wire, string>> = {
  tcp: 'tcp-listener',
  tls: 'tls-tcp-listener',
  websocket: 'websocket-listener',
}

function entryFile(): string {
  return existsSync(join(ROOT, BUILT)) ? BUILT : SOURCE
}

function isStale(): boolean {
  const builtMs = statSync(join(ROOT, BUILT)).mtimeMs
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  return sources.some((name) => statSync(join(ROOT, 'src', name)).mtimeMs > builtMs)
}

function configXml(port: number, queueSize: number | null, wire: Wire): string {
  const element = ELEMENTS[wire]
  const mqtt =
    queueSize === null
      ? ''
      : `
  <mqtt>
    <queued-messages>
      <max-queue-size>${queueSize}</max-queue-size>
    </queued-messages>
  </mqtt>`
  return `<?xml version="1.0" encoding="UTF-8" ?>
<hivemq>
  <listeners>
    <${element}>
      <port>${port}</port>
      <bind-address>127.0.0.1</bind-address>${wire === 'tls' ? TLS : ''}
    </${element}>
  </listeners>${mqtt}
</hivemq>
`
}

function environment(port: number, folder: string): NodeJS.ProcessEnv {
  // What is set here for a broker of one's own must not reach the one that is measured.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HIVEMQ_'))
  return {
    ...Object.fromEntries(inherited),
    HIVEMQ_HOME: folder,
    HIVEMQ_ALLOW_ALL_CLIENTS: 'true',
    PORT: String(port),
  }
}
