// SPDX-License-Identifier: Apache-2.0
import type { ElementReader } from './element-reader.ts'
import type { KeystoreConfig, PemConfig, TlsConfig, TruststoreConfig } from './listener-config.ts'
import { ADDITION, TLS } from './listener-elements.ts'

/** Of a listener with TLS. Whatever is wrong here is an error. */
export function readTls(listener: ElementReader, addition: ElementReader | null): TlsConfig {
  const tls: TlsConfig = {
    keystore: readKeystore(listener, addition !== null && asksForPem(addition)),
    pem: addition === null ? null : readPem(addition),
    truststore: readTruststore(listener),
    trustedCertificates: addition?.file(ADDITION.trustedCertificates) ?? null,
    certificateRevocationList: addition?.file(ADDITION.certificateRevocationList) ?? null,
    clientAuthenticationMode: listener.word(TLS.clientAuthenticationMode),
    handshakeTimeout: listener.settle(TLS.handshakeTimeout, Math.max(0, listener.integer(TLS.handshakeTimeout))),
    // An empty list means the defaults, as in HiveMQ.
    protocols: textsOrNull(listener.list(TLS.protocols)),
    cipherSuites: textsOrNull(listener.list(TLS.cipherSuites)),
    preferServerCipherSuites: listener.boolean(TLS.preferServerCipherSuites),
  }
  adviseOnPublicTrust(tls, listener)
  return tls
}

function textsOrNull(items: readonly { readonly text: string }[] | null): readonly string[] | null {
  return items === null || items.length === 0 ? null : items.map(({ text }) => text)
}

function asksForPem(addition: ElementReader): boolean {
  const { certificate, privateKey, privateKeyPassword } = ADDITION
  return [certificate, privateKey, privateKeyPassword].some(({ path }) => addition.given(path) !== undefined)
}

function readPem(addition: ElementReader): PemConfig | null {
  if (!asksForPem(addition)) return null
  const certificate = addition.file(ADDITION.certificate)
  const privateKey = addition.file(ADDITION.privateKey)
  if (certificate === null) refuseMissingFile(addition, ADDITION.certificate.path, 'a PEM file')
  if (privateKey === null) refuseMissingFile(addition, ADDITION.privateKey.path, 'a PEM file')
  if (certificate === null || privateKey === null) return null
  return { certificate, privateKey, privateKeyPassword: addition.secret(ADDITION.privateKeyPassword) }
}

function readKeystore(listener: ElementReader, hasPem: boolean): KeystoreConfig | null {
  const path = listener.file(TLS.keystorePath)
  if (path === null) {
    if (!hasPem) {
      refuseMissingFile(
        listener,
        TLS.keystorePath.path,
        'a key store (or waggle/listeners/listener/tls/certificate for PEM files)',
      )
    }
    return null
  }
  if (hasPem) {
    listener.refuse(TLS.keystorePath.path, {
      found: 'a key store beside the PEM files of waggle/listeners/listener/tls',
      expected: 'one of the two',
    })
  }
  return {
    path,
    password: listener.secret(TLS.keystorePassword),
    privateKeyPassword: listener.secret(TLS.keystorePrivateKeyPassword),
  }
}

/** A blank path means that there is none, as in HiveMQ. */
function readTruststore(listener: ElementReader): TruststoreConfig | null {
  const path = listener.file(TLS.truststorePath)
  return path === null ? null : { path, password: listener.secret(TLS.truststorePassword) }
}

function refuseMissingFile(reader: ElementReader, path: string, expected: string): void {
  const isGiven = reader.given(path) !== undefined
  reader.refuse(path, { found: isGiven ? 'no file name' : 'no such element', expected: `the name of ${expected}` })
}

/** HiveMQ starts with it and takes the certificates of all public authorities, which hardly anybody means. */
function adviseOnPublicTrust({ clientAuthenticationMode: mode, ...tls }: TlsConfig, listener: ElementReader): void {
  if (mode === 'NONE' || tls.truststore !== null || tls.trustedCertificates !== null) return
  listener.advise(TLS.clientAuthenticationMode.path, {
    found: `${mode} without certificates to trust`,
    expected: 'truststore/path, or waggle/listeners/listener/tls/trusted-certificates',
    consequence: 'client certificates of every public authority are accepted, as in HiveMQ',
  })
}
