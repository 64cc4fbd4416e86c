// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../../src/broker/settings.ts'
import type { Extension, Services } from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from './extension-broker.ts'

/** A broker that lets everybody in, and the services of an extension in it. */
export async function startWithServices(
  settings: Partial<BrokerSettings> = {},
  setUp: (services: Services) => void = () => undefined,
  options: Parameters<typeof ExtensionBroker.start>[2] = {},
): Promise<ExtensionBroker & { readonly services: Services }> {
  let services!: Services
  const extension: Extension = {
    start(context) {
      services = context.services
      services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) })
      setUp(services)
    },
  }
  const broker = await ExtensionBroker.start({ serving: extension }, settings, options)
  return Object.assign(broker, { services })
}
