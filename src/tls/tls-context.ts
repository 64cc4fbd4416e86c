// SPDX-License-Identifier: Apache-2.0
import { constants, randomBytes, X509Certificate } from 'node:crypto'
import type { SecureContext, SecureVersion } from 'node:tls'
import { cipherString, isOfTls13, type SuiteChoice } from './cipher-suites.ts'
import type { ClientCheck } from './client-check.ts'
import type { KeyMaterial } from './key-material.ts'
import { toPem } from './pem.ts'
import { TlsFault } from './tls-fault.ts'
import type { TlsSettings } from './tls-settings.ts'

/** What the handshakes of a listener are held to; made anew when its files change. */
export interface TlsContext {
  readonly secureContext: SecureContext
  readonly clientAuthentication: TlsSettings['clientAuthenticationMode']
  readonly handshakeTimeout: number
  refusalOf(chain: readonly X509Certificate[], verifyError: string | null): string | null
  /** The certificates that the server shows. */
  readonly certificates: readonly X509Certificate[]
}

/**
 * As the JVM has it: RSA keys from 1024 bits on. Level 2, the default, would turn away clients whose certificates were made
 * by old versions of keytool.
 */
const SECURITY_LEVEL = '@SECLEVEL=1'
/** The level stands in a list that OpenSSL refuses without a suite of TLS 1.2, although that version may be switched off. */
const BEARER_OF_LEVEL = 'ECDHE-ECDSA-AES256-GCM-SHA384'

export function createTlsContext(
  settings: TlsSettings,
  material: KeyMaterial,
  suites: SuiteChoice,
  check: ClientCheck,
): TlsContext {
  // Without anything to trust the runtime's list of public authorities holds, as the JVM's does in HiveMQ.
  const hasAnchors = settings.truststore !== null || settings.trustedCertificates !== null
  const { identities, anchors } = material
  const hasTls13 = suites.enabled.some(isOfTls13)
  const hasTls12 = suites.enabled.some((name) => !isOfTls13(name))
  const minVersion: SecureVersion = hasTls12 ? 'TLSv1.2' : 'TLSv1.3'
  const maxVersion: SecureVersion = hasTls13 ? 'TLSv1.3' : 'TLSv1.2'
  // Not imported: who has no TLS should not have to load it.
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  try {
    const secureContext = createSecureContext({
      key: identities.map(({ privateKey }) => privateKey),
      cert: identities.map(({ chain }) => chain),
      // Each entry is trusted as it is: neither does it have to be an authority, nor its own issuer.
      ...(hasAnchors ? { ca: anchors.map(toPem), allowPartialTrustChain: true } : {}),
      minVersion,
      maxVersion,
      ciphers: `${cipherString(suites.enabled)}${hasTls12 ? '' : `:${BEARER_OF_LEVEL}`}:${SECURITY_LEVEL}`,
      honorCipherOrder: settings.preferServerCipherSuites ?? true,
      ecdhCurve: 'auto',
      dhparam: 'auto',
      // A client that renegotiates makes the server compute for nothing, and could change its certificate.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      // A session is resumed only within the context that it began in: what is trusted may have changed since.
      sessionIdContext: randomBytes(16).toString('hex'),
    })
    return {
      secureContext,
      clientAuthentication: settings.clientAuthenticationMode,
      handshakeTimeout: settings.handshakeTimeout,
      refusalOf: (chain, verifyError) => check.refusalOf(chain, verifyError),
      certificates: identities.map(({ chain }) => new X509Certificate(chain)),
    }
  } catch (error) {
    const path = settings.keystore?.path ?? settings.pem?.certificate ?? null
    throw new TlsFault(path, `OpenSSL does not take it (${(error as Error).message})`, 'Use RSA of 2048 bits, or EC.')
  }
}
