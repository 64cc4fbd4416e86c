// SPDX-License-Identifier: Apache-2.0

/** What a listener is told about TLS. Paths are absolute. */
export interface TlsSettings {
  /** A key store in Java's formats, or PEM files; exactly one of the two is given. */
  readonly keystore: {
    readonly path: string
    readonly password: string
    readonly privateKeyPassword: string
  } | null
  readonly pem: {
    readonly certificate: string
    readonly privateKey: string
    readonly privateKeyPassword: string
  } | null
  readonly truststore: { readonly path: string; readonly password: string } | null
  /** PEM file with further anchors of trust. */
  readonly trustedCertificates: string | null
  readonly certificateRevocationList: string | null
  readonly clientAuthenticationMode: 'NONE' | 'OPTIONAL' | 'REQUIRED'
  /** Milliseconds; 0 for no limit. */
  readonly handshakeTimeout: number
  /** JSSE's names; null for the defaults. */
  readonly protocols: readonly string[] | null
  readonly cipherSuites: readonly string[] | null
  /** Null for the engine's default, which is the server's order. */
  readonly preferServerCipherSuites: boolean | null
}

/** The files behind a listener, each once. */
export function filesOf(settings: TlsSettings): string[] {
  const { keystore, pem, truststore, trustedCertificates, certificateRevocationList } = settings
  const paths = [
    keystore?.path,
    pem?.certificate,
    pem?.privateKey,
    truststore?.path,
    trustedCertificates,
    certificateRevocationList,
  ]
  return [...new Set(paths.filter((path) => path != null))]
}
