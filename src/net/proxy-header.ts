// SPDX-License-Identifier: Apache-2.0
import { isIP, SocketAddress } from 'node:net'

// The header that a load balancer puts before the bytes of a client (haproxy.org, doc/proxy-protocol.txt):
//
//   version 1   PROXY TCP4 203.0.113.7 192.0.2.1 51034 1883\r\n          or PROXY UNKNOWN …\r\n
//   version 2   signature 12 | version 2, command | family, protocol | length 2 | addresses | TLVs

/** Who the client is. Null: the balancer speaks for itself (a health check), or does not know. */
export interface ProxyHeader {
  /** Of the header. */
  readonly length: number
  readonly source: { readonly address: string; readonly port: number } | null
}

const V1_START = Buffer.from('PROXY ')
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
/** With the line end, by the specification. */
const V1_MAX_LENGTH = 107
const V2_PREFIX = 16
const MAX_PORT = 65_535
const Command = { LOCAL: 0, PROXY: 1 } as const
/** Address family and transport protocol. */
const Family = { UNSPECIFIED: 0x0, INET: 0x1, INET6: 0x2, UNIX: 0x3 } as const
/** Of both addresses and ports. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [Family.INET]: 12, [Family.INET6]: 36, [Family.UNIX]: 216 }

/** Reads the header at the beginning of `bytes`: what it says, `incomplete`, or what is wrong with it. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | { readonly fault: string } {
  if (startsLike(bytes, V2_SIGNATURE)) return bytes.length < V2_PREFIX ? 'incomplete' : readVersion2(bytes)
  if (startsLike(bytes, V1_START)) return readVersion1(bytes)
  return { fault: 'no PROXY header' }
}

/** As far as both go. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function readVersion1(bytes: Buffer): ReturnType<typeof readProxyHeader> {
  const head = bytes.toString('latin1', 0, V1_MAX_LENGTH)
  const end = head.indexOf('\r\n')
  if (end === -1) return head.length < V1_MAX_LENGTH ? 'incomplete' : { fault: 'PROXY header is too long' }
  const length = end + 2
  const fields = head.slice(0, end).split(' ')
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = fields
  if (family === 'UNKNOWN') return { length, source: null }
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0
  const isValid =
    version !== 0 &&
    fields.length === 6 &&
    isIP(source) === version &&
    isIP(destination) === version &&
    isPort(sourcePort) &&
    isPort(destinationPort)
  return isValid
    ? { length, source: { address: source, port: Number(sourcePort) } }
    : { fault: 'PROXY header is malformed' }
}

function isPort(text: string): boolean {
  return /^(0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= MAX_PORT
}

function readVersion2(bytes: Buffer): ReturnType<typeof readProxyHeader> {
  const version = bytes[12]! >> 4
  const command = bytes[12]! & 0x0f
  const family = bytes[13]! >> 4
  const protocol = bytes[13]! & 0x0f
  if (version !== 2) return { fault: `PROXY header has version ${version}` }
  if (command > Command.PROXY) return { fault: `PROXY header has command ${command}` }
  if (family > Family.UNIX || protocol > 2) return { fault: 'PROXY header has an unknown address family' }
  const rest = bytes.readUInt16BE(14)
  const length = V2_PREFIX + rest
  const isKnown = command === Command.PROXY && family !== Family.UNSPECIFIED
  if (isKnown && rest < ADDRESS_BYTES[family]!) return { fault: 'PROXY header is too short for its addresses' }
  if (bytes.length < length) return 'incomplete'
  // What follows the addresses (the balancer's TLS, its own identifiers) is passed over.
  return { length, source: isKnown ? readSource(bytes, family) : null }
}

function readSource(bytes: Buffer, family: number): ProxyHeader['source'] {
  if (family === Family.INET) {
    return { address: bytes.subarray(V2_PREFIX, V2_PREFIX + 4).join('.'), port: bytes.readUInt16BE(V2_PREFIX + 8) }
  }
  if (family === Family.INET6) {
    return { address: readIpv6(bytes, V2_PREFIX), port: bytes.readUInt16BE(V2_PREFIX + 32) }
  }
  // A socket file of the balancer's machine tells nothing of the client.
  return null
}

/** In its shortest form, like the addresses of sockets. */
function readIpv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16))
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}
