// SPDX-License-Identifier: Apache-2.0
import type { X509Certificate } from 'node:crypto'

/** A callback answers at once, or with a promise. What answers at once costs nothing beyond the call. */
export type Awaitable<T> = T | Promise<T>

export interface CallbackOptions {
  /** How long the extension may take for an answer: 10 seconds unless set. */
  readonly timeoutMs?: number
  /**
   * What a late answer counts as: a refusal (`fail`, the default), or as if the extension had said `next`. Either way one
   * WARN names the extension, and its answer is not waited for any more.
   */
  readonly onTimeout?: 'fail' | 'next'
}

/** What every callback about a client gets. Callbacks of one client never overlap: the next waits for the last. */
export interface ClientEvent {
  readonly client: ClientInformation
  readonly connection: ConnectionInformation
  /** Aborted when nobody waits for the answer any more: time is up, the client is gone, or the extension stops. */
  readonly signal: AbortSignal
}

export interface ClientInformation {
  readonly clientId: string
}

export type MqttVersion = '3.1' | '3.1.1' | '5'

export interface ConnectionInformation {
  readonly mqttVersion: MqttVersion
  readonly remoteAddress: string
  readonly remotePort: number
  readonly listener: Listener
  /** Undefined without TLS. */
  readonly tls: TlsInformation | undefined
  /** For what extensions keep with the connection and read in other callbacks. Gone with the connection. */
  readonly attributes: Map<string, unknown>
}

export interface Listener {
  readonly name: string
  readonly type: 'tcp' | 'tls-tcp' | 'websocket' | 'tls-websocket'
  readonly bindAddress: string
  readonly port: number
}

export interface TlsInformation {
  /** OpenSSL's name, like `TLSv1.3`. */
  readonly protocol: string
  /** The standard's name, like `TLS_AES_128_GCM_SHA256`. */
  readonly cipherSuite: string
  /** The host name that the client asked for (SNI). */
  readonly serverName: string | undefined
  /** The client's certificate, which was verified, first, then what it sent to prove it. Empty without one. */
  readonly clientCertificateChain: readonly X509Certificate[]
}
