// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'

/** HiveMQ's four kinds of listeners, by the names of their elements without `-listener`. */
export type ListenerKind = 'tcp' | 'tls-tcp' | 'websocket' | 'tls-websocket'

/** The listener that accepted a connection, as logs, rules and extensions see it. */
export interface ListenerInfo {
  readonly kind: ListenerKind
  readonly name: string
  readonly bindAddress: string
  /** The port in use. */
  readonly port: number
}

/** What the TLS handshake of a connection brought. */
export interface TlsPeer {
  /** OpenSSL's name, like `TLSv1.3`. */
  readonly protocol: string
  /** The standard's name, like `TLS_AES_128_GCM_SHA256`. */
  readonly cipherSuite: string
  /** The host name of SNI. */
  readonly serverName: string | undefined
  /** The client's certificate, verified, and what it sent to prove it; empty without one. */
  readonly certificateChain: readonly X509Certificate[]
}

/** The other end of a link. */
export interface Peer {
  /** IP address; `UNKNOWN` when the socket was gone before it could be asked. */
  readonly address: string
  readonly port: number
  readonly listener: ListenerInfo
  readonly tls: TlsPeer | null
}
