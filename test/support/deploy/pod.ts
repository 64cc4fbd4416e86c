// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAllowAll, writeExtension } from '../extension-folders.ts'
import { freePort } from '../free-port.ts'
import { fixturePath, PASSWORD } from '../tls/fixtures.ts'

/** Any that is not the image's own: a restricted cluster chooses one. */
export const POD_USER = 12_345
const HOME = '/opt/hivemq-ce-2024.1'

/** What UMH gives the broker: both listeners, a Java key store, sessions in files, heartbeat and metrics. */
export interface Pod {
  readonly mounts: Readonly<Record<string, string>>
  readonly port: number
  readonly securePort: number
  readonly heartbeatPort: number
  readonly metricsPort: number
}

export async function layOutPod(folder: string): Promise<Pod> {
  const [port, securePort, heartbeatPort, metricsPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  for (const name of ['conf', 'data', 'extensions']) {
    mkdirSync(join(folder, name))
    chmodSync(join(folder, name), 0o755)
  }
  // As fsGroup does it: the only volume that has to be written.
  chownSync(join(folder, 'data'), POD_USER, POD_USER)
  copyFileSync(fixturePath('server-pbes2.jks'), join(folder, 'conf/keystore.jks'))
  writeFileSync(join(folder, 'conf/config.xml'), configXml(port, securePort))
  writeAllowAll(join(folder, 'extensions'))
  writeExtension(join(folder, 'extensions'), 'hivemq-heartbeat-extension', {
    'extension-config.xml': `<heartbeat-extension-configuration><port>${heartbeatPort}</port></heartbeat-extension-configuration>`,
  })
  writeExtension(join(folder, 'extensions'), 'hivemq-prometheus-extension', {
    'prometheusConfiguration.properties': `ip=0.0.0.0\nport=${metricsPort}\nmetric_path=/metrics\n`,
  })
  const mounts = Object.fromEntries(
    ['conf', 'data', 'extensions'].map((name) => [`${HOME}/${name}`, join(folder, name)]),
  )
  return { mounts, port, securePort, heartbeatPort, metricsPort }
}

function configXml(port: number, securePort: number): string {
  return `<?xml version="1.0"?>
<hivemq>
  <listeners>
    <tcp-listener>
      <port>${port}</port>
      <bind-address>127.0.0.1</bind-address>
    </tcp-listener>
    <tls-tcp-listener>
      <port>${securePort}</port>
      <bind-address>127.0.0.1</bind-address>
      <tls>
        <keystore>
          <path>conf/keystore.jks</path>
          <password>${PASSWORD}</password>
          <private-key-password>${PASSWORD}</private-key-password>
        </keystore>
      </tls>
    </tls-tcp-listener>
  </listeners>
</hivemq>
`
}
