// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { type KeyMaterial, type RevocationList, serialNumberText } from './key-material.ts'

/** Decides about clients by the certificates that they bring. */
export class ClientCheck {
  /** DER as base64. */
  readonly #anchors: ReadonlySet<string>
  readonly #revocations: readonly { readonly list: RevocationList; readonly issuer: X509Certificate }[]
  readonly #warn: (text: string) => void
  readonly #wallTime: () => number
  /** Each of the anchors is complained of once. */
  readonly #warned = new Set<string>()

  constructor(material: KeyMaterial, wallTime: () => number, warn: (text: string) => void) {
    this.#anchors = new Set(material.anchors.map((anchor) => Buffer.from(anchor).toString('base64')))
    this.#revocations = material.revocations.map((list) => ({ list, issuer: new X509Certificate(list.issuer) }))
    this.#wallTime = wallTime
    this.#warn = warn
  }

  /** Why a client is not let in; null if it is. OpenSSL has checked the chain; `verifyError` is what it found. */
  refusalOf(chain: readonly X509Certificate[], verifyError: string | null): string | null {
    const [leaf] = chain
    if (leaf === undefined) return 'the client has no certificate'
    const revoked = chain.find((certificate) => this.#isRevoked(certificate))
    if (revoked !== undefined) return `the certificate ${nameOf(revoked)} is revoked`
    if (verifyError === null) return null
    // Java takes a certificate that is itself in the trust store without looking at it any further: expired ones too, such
    // as those that UMH's charts brought until 0.15. Only these very bytes count, never a name or a key.
    const bytes = leaf.raw.toString('base64')
    if (!this.#anchors.has(bytes)) return `the certificate ${nameOf(leaf)} is not trusted (${verifyError})`
    this.#warnOnce(leaf, bytes, verifyError)
    return null
  }

  #isRevoked(certificate: X509Certificate): boolean {
    if (this.#revocations.length === 0) return false
    const serialNumber = serialNumberText(certificate.serialNumber)
    return this.#revocations.some(
      ({ list, issuer }) =>
        list.serialNumbers.has(serialNumber) && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
    )
  }

  #warnOnce(leaf: X509Certificate, bytes: string, verifyError: string): void {
    if (this.#warned.has(bytes)) return
    this.#warned.add(bytes)
    const now = this.#wallTime()
    let what = `does not pass the usual checks (${verifyError})`
    if (leaf.validToDate.getTime() < now) what = `expired on ${leaf.validTo}`
    else if (leaf.validFromDate.getTime() > now) what = `is not valid before ${leaf.validFrom}`
    this.#warn(
      `The client certificate ${nameOf(leaf)} ${what}. It is let in because the trust store has this very certificate.`,
    )
  }
}

export function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ')
}
