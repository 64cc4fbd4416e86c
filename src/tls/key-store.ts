// SPDX-License-Identifier: Apache-2.0
import { isJavaKeyStore, readJavaKeyStore } from './java-key-store.ts'
import { readPkcs12 } from './pkcs12.ts'
import { StoreBytesFault } from './tls-fault.ts'

/** What a store holds. Everything is DER. */
export interface KeyStore {
  readonly keys: readonly KeyEntry[]
  readonly trusted: readonly Buffer[]
}

export interface KeyEntry {
  readonly alias: string
  /** PKCS#8, not encrypted. */
  readonly privateKey: Buffer
  /** The key's certificate first, then what leads to its root. */
  readonly chain: readonly Buffer[]
}

const JCEKS = 0xcececece
const SEQUENCE = 0x30

/**
 * Reads what Java's type "JKS" reads: real JKS files and PKCS#12, whatever the file is called. `keyPassword` is null where
 * keys are of no interest.
 */
export function readKeyStore(bytes: Buffer, password: string, keyPassword: string | null): KeyStore {
  if (isJavaKeyStore(bytes)) return readJavaKeyStore(bytes, password, keyPassword)
  if (bytes[0] === SEQUENCE) return readPkcs12(bytes, password, keyPassword)
  throw new StoreBytesFault(describeForeign(bytes), 'A JKS or PKCS#12 store is needed here.')
}

function describeForeign(bytes: Buffer): string {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === JCEKS) return 'this is a JCEKS store'
  const head = bytes.subarray(0, 1024).toString('latin1')
  if (head.includes('-----BEGIN ')) return 'these are PEM texts'
  // Secrets of Kubernetes are base64, and are sometimes encoded once too often.
  if (/^(MI|\/u3\+7)[A-Za-z0-9+/\s]+=*\s*$/.test(head)) return 'this is a store encoded as base64'
  return 'this is no key store'
}
