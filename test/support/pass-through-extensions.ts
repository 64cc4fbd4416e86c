// SPDX-License-Identifier: Apache-2.0
import type { ClientInterceptors, Extension } from '../../src/extension-sdk/extension.ts'
import { Admin } from '../../src/extensions/admin.ts'
import { ExtensionCalls } from '../../src/extensions/extension-calls.ts'
import { ExtensionHost } from '../../src/extensions/extension-host.ts'
import { ExtensionMetrics } from '../../src/extensions/extension-metrics.ts'
import { INBOUND_KINDS, OUTBOUND_KINDS } from '../../src/extensions/packet-kinds.ts'
import { MetricRegistry } from '../../src/metrics/metric-registry.ts'
import { ExtensionFolders, writeExtension } from './extension-folders.ts'
import type { FakeClock } from './fake-clock.ts'
import { strictLogger } from './strict-logger.ts'

const ID = 'pass-through'

/** Lets everybody in, looks at every packet of every client, half of them after a while, and changes nothing. */
const passThrough: Extension = {
  start({ services }) {
    let turn = 0
    const look = (): Promise<undefined> | undefined => (turn++ % 2 === 0 ? undefined : Promise.resolve(undefined))
    const names = [...INBOUND_KINDS.values(), ...OUTBOUND_KINDS.values()].map(({ name }) => name)
    const interceptors = Object.fromEntries(names.map((name) => [name, look])) as ClientInterceptors
    services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
    services.interceptors.setGlobal({ connectInbound: look, connackOutbound: look })
    services.initializers.setClientInitializer((client) => void client.intercept(interceptors))
  },
}

export async function startPassThrough(clock: FakeClock): Promise<ExtensionHost> {
  using folders = new ExtensionFolders()
  const { folder } = folders
  writeExtension(folder, ID)
  const host = new ExtensionHost({
    folder,
    bundled: { [ID]: () => Promise.resolve({ default: passThrough }) },
    allowAllClients: undefined,
    clock,
    logger: { ...strictLogger, info: () => undefined },
    admin: new Admin({
      version: '0.0.0',
      folders: { home: folder, data: folder, log: folder, extensions: folder },
      listeners: () => [],
      problems: () => [],
    }),
    metrics: new ExtensionMetrics(new MetricRegistry(clock)),
    calls: new ExtensionCalls(clock),
  })
  await host.start()
  return host
}
