// SPDX-License-Identifier: Apache-2.0
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { denyingAuthorizer } from './denying-authorizer.ts'
import { runScript } from './run-script.ts'
import type { ConfigurationName, Script } from './script.ts'
import { startTcpTarget } from './tcp-target.ts'

export const CONFIGURATIONS: Readonly<Record<ConfigurationName, Partial<BrokerSettings>>> = {
  default: {},
  umh: { retainedMessagesEnabled: false, allowEmptyClientIdEnabled: false },
}

/** What `startTcpTarget` takes beside the settings and who may do what. */
type TargetParts = Parameters<typeof startTcpTarget> extends [unknown, unknown, ...infer Rest] ? Rest : never

/**
 * Runs a script against a broker of its own over sockets, in the first configuration that it is for. Throws where something else
 * comes than the script expects.
 */
export async function runOverTcp(script: Script, version: ProtocolVersion, ...parts: TargetParts): Promise<void> {
  const settings = { ...CONFIGURATIONS[script.configurations[0]!], ...script.settings }
  const target = await startTcpTarget(settings, denyingAuthorizer(script.denied), ...parts)
  try {
    await runScript(script, version, 'whole', target)
  } finally {
    await target.stop()
  }
}
