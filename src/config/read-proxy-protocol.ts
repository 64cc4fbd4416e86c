// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net'
import { quoted } from './complaint.ts'
import type { ElementReader } from './element-reader.ts'
import type { ProxyProtocolConfig } from './listener-config.ts'
import { ADDITION } from './listener-elements.ts'

const SECTION = 'proxy-protocol'

/** Null when the addition does not ask for it. */
export function readProxyProtocol(addition: ElementReader): ProxyProtocolConfig | null {
  if (addition.given(SECTION) === undefined) return null
  const { path, item } = ADDITION.trustedNetworks
  const items = addition.list(ADDITION.trustedNetworks) ?? []
  const trustedNetworks: string[] = []
  for (const { text, place } of items) {
    const network = normalNetwork(text)
    if (network !== null) trustedNetworks.push(network)
    else {
      addition.complain(`${path}/${item}`, {
        severity: 'warning',
        ...place,
        found: quoted(text),
        expected: 'an address like 10.0.0.1 or a network like 10.0.0.0/8',
        consequence: 'it is left out',
      })
    }
  }
  // Without any, nobody could connect.
  if (items.length === 0) addition.refuse(path, { found: 'no network', expected: `at least one ${item}` })
  return { trustedNetworks, timeout: addition.integer(ADDITION.proxyTimeout) }
}

/** With its prefix length, which a single address may leave out. */
function normalNetwork(text: string): string | null {
  const [address, prefix, ...rest] = text.split('/')
  const version = isIP(address!)
  const longest = version === 4 ? 32 : 128
  // A zone (fe80::1%eth0) belongs to one machine's interfaces and is not part of a peer's address.
  if (version === 0 || address!.includes('%') || rest.length > 0) return null
  if (prefix === undefined) return `${address}/${longest}`
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest ? `${address}/${Number(prefix)}` : null
}
