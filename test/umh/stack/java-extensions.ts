// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { credentialsXml, hashOf } from '../../support/file-rbac.ts'

// Stand-ins for the Java extensions of UMH's init image: the same folders and files; what is in the jars does not matter.

interface JavaExtension {
  readonly version: string
  readonly priority: number
  readonly startPriority: number
  readonly files: Readonly<Record<string, string>>
}

export const DEMO_USER: { readonly name: string; readonly password: string } = { name: 'user1', password: 'pass1' }
const DEMO = credentialsXml(
  [
    { name: DEMO_USER.name, password: hashOf(DEMO_USER.password), roles: ['role1'] },
    { name: 'admin-user', password: hashOf('admin-password'), roles: ['superuser'] },
  ],
  { role1: ['<topic>data/${{clientid}}/#</topic>'], superuser: ['<topic>#</topic>'] },
)

const HEARTBEAT = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<heartbeat-extension-configuration>
  <port>9090</port>
  <bind-address>0.0.0.0</bind-address>
  <path>/heartbeat</path>
</heartbeat-extension-configuration>
`
const PROMETHEUS = 'ip=0.0.0.0\nport=9399\nmetric_path=/metrics\n'
const RBAC_CONFIG = `<extension-configuration>
  <credentials-reload-interval>60</credentials-reload-interval>
  <password-type>HASHED</password-type>
</extension-configuration>
`

export type ExtensionId =
  | 'hivemq-file-rbac-extension'
  | 'hivemq-heartbeat-extension'
  | 'hivemq-prometheus-extension'
  | 'hivemq-allow-all-extension'
  | 'acme-historian-extension'

const JAVA_EXTENSIONS: Readonly<Record<ExtensionId, JavaExtension>> = {
  'hivemq-file-rbac-extension': {
    version: '4.5.3',
    priority: 1000,
    startPriority: 10_000,
    files: { 'credentials.xml': DEMO, 'extension-config.xml': RBAC_CONFIG, LICENSE: 'Apache License 2.0\n' },
  },
  'hivemq-heartbeat-extension': {
    version: '1.0.4',
    priority: 1000,
    startPriority: 1000,
    files: { 'extension-config.xml': HEARTBEAT },
  },
  'hivemq-prometheus-extension': {
    version: '4.0.7',
    priority: 1000,
    startPriority: 1000,
    files: { 'prometheusConfiguration.properties': PROMETHEUS },
  },
  'hivemq-allow-all-extension': { version: '1.0.0', priority: 0, startPriority: 0, files: {} },
  /** Not one that UMH has: what somebody has added. */
  'acme-historian-extension': { version: '2.3.0', priority: 500, startPriority: 500, files: { 'acme.conf': 'a=b\n' } },
}

export function writeJavaExtension(folder: string, id: ExtensionId): void {
  const { version, priority, startPriority, files } = JAVA_EXTENSIONS[id]
  const all: Record<string, string> = {
    ...files,
    // How each jar begins.
    [`${id}-${version}.jar`]: 'PK\u0003\u0004 of no use without Java',
    'hivemq-extension.xml': `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<hivemq-extension>
  <id>${id}</id>
  <name>${id}</name>
  <version>${version}</version>
  <author>HiveMQ</author>
  <priority>${priority}</priority>
  <start-priority>${startPriority}</start-priority>
</hivemq-extension>
`,
  }
  for (const [name, content] of Object.entries(all)) {
    const file = join(folder, id, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: 0o644 })
  }
}

/** The image of the init container, as far as it matters. */
export function writeInitImage(folder: string): void {
  for (const id of Object.keys(JAVA_EXTENSIONS) as ExtensionId[]) {
    if (id.startsWith('hivemq-')) writeJavaExtension(folder, id)
  }
}
