// SPDX-License-Identifier: Apache-2.0
import type { BundledExtensions } from './extensions/extension-runner.ts'

/**
 * HiveMQ's extensions that we have written ourselves. A folder with one of these ids is served by them, jar or not, with the
 * configuration that lies in the folder. They are written with the public SDK, as anybody's are.
 */
export const bundledExtensions: BundledExtensions = {
  'hivemq-allow-all-extension': () => import('../extensions/hivemq-allow-all-extension/extension.ts'),
  'hivemq-file-rbac-extension': () => import('../extensions/hivemq-file-rbac-extension/extension.ts'),
  'hivemq-heartbeat-extension': () => import('../extensions/hivemq-heartbeat-extension/extension.ts'),
  'hivemq-prometheus-extension': () => import('../extensions/hivemq-prometheus-extension/extension.ts'),
}
