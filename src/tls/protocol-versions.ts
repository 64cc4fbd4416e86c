// SPDX-License-Identifier: Apache-2.0
import { TlsFault } from './tls-fault.ts'

const OFFERED = ['TLSv1.3', 'TLSv1.2']
/** JSSE knows them, and has had them switched off since 2021; so do we. */
const OUTDATED: ReadonlySet<string> = new Set(['TLSv1.1', 'TLSv1', 'SSLv3', 'SSLv2Hello'])

export interface VersionChoice {
  readonly enabled: readonly string[]
  readonly outdated: readonly string[]
}

/** `names` null for the defaults. */
export function chooseVersions(names: readonly string[] | null): VersionChoice {
  const asked = names ?? OFFERED
  const unknown = asked.filter((name) => !OFFERED.includes(name) && !OUTDATED.has(name))
  if (unknown.length > 0) {
    throw new TlsFault(null, `there is no protocol ${unknown.join(', ')}`, `Use ${OFFERED.join(' and ')}.`)
  }
  const enabled = OFFERED.filter((name) => asked.includes(name))
  if (enabled.length === 0) {
    throw new TlsFault(null, `${asked.join(', ')} is too old to be safe`, `Use ${OFFERED.join(' and ')}.`)
  }
  return { enabled, outdated: asked.filter((name) => OUTDATED.has(name)) }
}
