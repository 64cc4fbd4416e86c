// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsSettings } from '../../../src/tls/tls-settings.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/tls')

/** Of every store in the folder; its make.sh says where another one is needed. */
export const PASSWORD = 'changeme'

export function fixturePath(name: string): string {
  return join(FOLDER, name)
}

export function fixture(name: string): Buffer {
  return readFileSync(fixturePath(name))
}

/** The `cipher-suites` of the United Manufacturing Hub, in Java's names. */
export const UMH_SUITES: readonly string[] = [
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
]

/** A client's certificate and key. */
export function credentials(name: string): { cert: Buffer; key: Buffer } {
  return { cert: fixture(`${name}.pem`), key: fixture(`${name}.key`) }
}

/** What config.xml would give: a key store in the format that is read the fastest, no clients' certificates, defaults. */
export function tlsSettings(changes: Partial<TlsSettings> = {}): TlsSettings {
  return {
    keystore: keystore('server-jks.jks', PASSWORD, 'keypass'),
    pem: null,
    truststore: null,
    trustedCertificates: null,
    certificateRevocationList: null,
    clientAuthenticationMode: 'NONE',
    handshakeTimeout: 10_000,
    protocols: null,
    cipherSuites: null,
    preferServerCipherSuites: null,
    ...changes,
  }
}

export function keystore(
  name: string,
  password: string = PASSWORD,
  privateKeyPassword: string = PASSWORD,
): TlsSettings['keystore'] {
  return { path: fixturePath(name), password, privateKeyPassword }
}

export function pem(certificate: string, privateKey: string, privateKeyPassword = ''): TlsSettings['pem'] {
  return { certificate: fixturePath(certificate), privateKey: fixturePath(privateKey), privateKeyPassword }
}

export function truststore(name: string, password: string = PASSWORD): TlsSettings['truststore'] {
  return { path: fixturePath(name), password }
}
