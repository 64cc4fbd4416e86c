// SPDX-License-Identifier: Apache-2.0
import type { ListenerKind } from '../broker/peer.ts'

/** A listener as the file asks for it: one of HiveMQ's elements, and what `waggle/listeners` adds under its name. */
export interface ListenerConfig {
  readonly kind: ListenerKind
  readonly name: string
  readonly bindAddress: string
  readonly port: number
  /** Null for the kinds without TLS. */
  readonly tls: TlsConfig | null
  /** Null for the kinds without WebSocket. */
  readonly websocket: WebSocketConfig | null
  /** Null when connections come without a PROXY header. */
  readonly proxyProtocol: ProxyProtocolConfig | null
}

export type ClientAuthenticationMode = 'NONE' | 'OPTIONAL' | 'REQUIRED'

/** Paths are absolute. */
export interface TlsConfig {
  /** A key store in Java's formats, or PEM files; exactly one of the two is given. */
  readonly keystore: KeystoreConfig | null
  readonly pem: PemConfig | null
  /** Without it and without trustedCertificates, client certificates are held to the public authorities, as in HiveMQ. */
  readonly truststore: TruststoreConfig | null
  /** PEM file with further anchors of trust. */
  readonly trustedCertificates: string | null
  /** Certificate revocation lists, PEM or DER. */
  readonly certificateRevocationList: string | null
  readonly clientAuthenticationMode: ClientAuthenticationMode
  /** Milliseconds; 0 for no limit. */
  readonly handshakeTimeout: number
  /** JSSE's names; null for the defaults. */
  readonly protocols: readonly string[] | null
  readonly cipherSuites: readonly string[] | null
  /** Null for the engine's default. */
  readonly preferServerCipherSuites: boolean | null
}

export interface KeystoreConfig {
  readonly path: string
  readonly password: string
  readonly privateKeyPassword: string
}

export interface PemConfig {
  /** The server's certificate and what leads to its root. */
  readonly certificate: string
  readonly privateKey: string
  readonly privateKeyPassword: string
}

export interface TruststoreConfig {
  readonly path: string
  readonly password: string
}

export interface WebSocketConfig {
  readonly path: string
  readonly subprotocols: readonly string[]
  readonly allowExtensions: boolean
}

/** Only connections from these networks must and may begin with a PROXY header; others are closed. */
export interface ProxyProtocolConfig {
  /** CIDR, like `10.0.0.0/8` or `fd00::/8`. */
  readonly trustedNetworks: readonly string[]
  /** Milliseconds for the header to come. */
  readonly timeout: number
}
