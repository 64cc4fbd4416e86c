// SPDX-License-Identifier: Apache-2.0
import type { TlsSettings } from './tls-settings.ts'

/** What the files of a listener hold, read and checked. */
export interface KeyMaterial {
  /** One for each kind of key; RSA and EC side by side serve clients of both kinds. */
  readonly identities: readonly Identity[]
  /** Certificates that are trusted as they are, as DER. */
  readonly anchors: readonly Uint8Array[]
  readonly revocations: readonly RevocationList[]
}

export interface Identity {
  /** PEM, PKCS#8, not encrypted. */
  readonly privateKey: string
  /** PEM: the server's certificate and what follows it. */
  readonly chain: string
}

export interface RevocationList {
  /** The anchor that signed it, as DER. */
  readonly issuer: Uint8Array
  /** Serial numbers in hexadecimal, without leading zeros. */
  readonly serialNumbers: ReadonlySet<string>
  /** When the next one was promised; milliseconds since 1970, null without a promise. */
  readonly nextUpdate: number | null
}

/** A question to the worker: the files are read already, as far as they could be. */
export interface KeyMaterialRequest {
  readonly settings: TlsSettings
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface FaultText {
  readonly path: string | null
  readonly reason: string
  readonly advice: string
}

export type KeyMaterialAnswer =
  { readonly material: KeyMaterial; readonly faults?: never } | { readonly faults: readonly FaultText[] }

/** As X509Certificate and RevocationList both say it. */
export function serialNumberText(hex: string): string {
  return hex.toUpperCase().replace(/^0+(?=.)/, '')
}
