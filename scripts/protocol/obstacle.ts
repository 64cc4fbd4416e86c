// SPDX-License-Identifier: Apache-2.0
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Script } from '../../test/support/script/script.ts'

/** What a script may let pass in all; beyond it the run would take hours instead of minutes. */
const MAX_TIME_MS = 5_000

/** Why a script cannot be run against a broker of which only the address is known. */
export function obstacleOf(script: Script, version: ProtocolVersion): string | undefined {
  const { settings, denied, configurations, transports } = script
  if (Object.keys(settings).length > 0 || denied.length > 0 || !configurations.includes('default'))
    return 'needs a configuration'
  if (!transports.includes('tcp')) return 'needs a transport in memory'
  const steps = script.lines.filter(({ versions }) => versions.includes(version)).map(({ step }) => step)
  if (steps.some(({ type }) => type === 'restart' || type === 'crash')) return 'needs a restart'
  const timeMs = steps.reduce((sum, step) => sum + (step.type === 'time' ? step.ms : 0), 0)
  return timeMs > MAX_TIME_MS ? 'needs control of time' : undefined
}
