// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineExtension, type Extension, type ExtensionContext } from 'waggle/extension'
import { FileRbacAuthenticator } from './authenticator.ts'
import { ConnectedClients } from './connected-clients.ts'
import type { Credentials } from './credentials.ts'
import { CredentialsFile } from './credentials-file.ts'
import { type ConfigReading, DEFAULT_CONFIG, readExtensionConfig } from './extension-config.ts'
import { CHECK_LIMIT_MS, PasswordChecker } from './password-checker.ts'

/** Up to 4.5 beside the jar; since 4.6 in conf. The old place counts where both are there. */
export const CONFIG_PLACES: readonly string[] = ['extension-config.xml', join('conf', 'config.xml')]
/** As long as there is no valid file: files are copied into the folder after the start, as the United Manufacturing Hub does. */
const IMPATIENT_INTERVAL_SEC = 1

/** Users, roles and permissions from a file, as in HiveMQ's File Role Based Access Control Extension. */
const extension: Extension = defineExtension({
  async start(context) {
    const { extension: own, log, services } = context
    const { config, warnings } = await readConfig(context)
    for (const warning of warnings) log.warn(warning)
    const hits = services.metrics.meter('com.hivemq.extensions.file-rbac.hash.cache.hitrate')
    const hashing = services.metrics.timer('com.hivemq.extensions.file-rbac.hash.sampled-time')
    const checker = new PasswordChecker(() => performance.now(), {
      onCacheHit: () => hits.mark(),
      onComputed: (ms) => hashing.update(ms / 1000),
    })
    const file = new CredentialsFile(own.homeFolder, config, log, () => Date.now())
    await file.refresh()
    const credentials = (): Credentials | null => file.credentials
    const { connectedClients: mode } = config
    const plusCoversHash = config.plusCoversHash === true
    const connected =
      mode === 'keep' ? null : new ConnectedClients({ mode, plusCoversHash, services, log, credentials })
    if (connected !== null) {
      services.initializers.setClientInitializer((client) => connected.add(client))
      services.events.setClientLifecycleListener({ onDisconnect: ({ connection }) => connected.forget(connection) })
    }
    services.security.setAuthenticator(new FileRbacAuthenticator({ config, checker, credentials, connected }), {
      timeoutMs: CHECK_LIMIT_MS,
    })
    const lookAgain = (): void => {
      // One timer for the whole time: a minute counted in rounds of a second, each a little late, took 61.5 s.
      const intervalSec = file.isValid ? config.credentialsReloadIntervalSec : IMPATIENT_INTERVAL_SEC
      services.scheduler.after(intervalSec * 1000, async () => {
        try {
          await file.refresh()
        } finally {
          lookAgain()
        }
        // Also where it has not changed: something may be left to do.
        await connected?.reEvaluate()
      })
    }
    lookAgain()
  },
})

async function readConfig({ extension: own }: ExtensionContext): Promise<ConfigReading> {
  for (const place of CONFIG_PLACES) {
    const file = join(own.homeFolder, place)
    try {
      const { config, warnings } = readExtensionConfig(await readFile(file, 'utf8'))
      return { config, warnings: warnings.map((warning) => `${file}: ${warning}`) }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') continue
      return { config: DEFAULT_CONFIG, warnings: [`${file} cannot be read: ${message}; the defaults are used`] }
    }
  }
  const places = CONFIG_PLACES.join(' or ')
  return { config: DEFAULT_CONFIG, warnings: [`There is no ${places} in ${own.homeFolder}: the defaults are used`] }
}

export default extension
