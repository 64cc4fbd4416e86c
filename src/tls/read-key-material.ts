// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { FaultText, Identity, KeyMaterialAnswer, KeyMaterialRequest } from './key-material.ts'
import { type KeyStore, readKeyStore } from './key-store.ts'
import { blocksOf, toPem } from './pem.ts'
import { readRevocationLists } from './revocation-list.ts'
import { StoreBytesFault } from './tls-fault.ts'
import { filesOf } from './tls-settings.ts'

/** Reads all files of a listener; what is wrong with any of them comes together. */
export function readKeyMaterial({ settings, files }: KeyMaterialRequest): KeyMaterialAnswer {
  const faults: FaultText[] = []

  /** What `read` makes of a file, or undefined and a fault. One that could not be read has been complained of before. */
  function from<Result>(path: string, read: (bytes: Buffer) => Result): Result | undefined {
    const bytes = files.get(path)
    if (bytes === undefined) return undefined
    try {
      if (bytes.length === 0) throw new StoreBytesFault('the file is empty', 'Has it been written completely?')
      return read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    } catch (error) {
      const reason = error instanceof StoreBytesFault ? error.message : 'the file is damaged'
      const advice = error instanceof StoreBytesFault ? error.advice : `Is it complete? (${(error as Error).message})`
      faults.push({ path, reason, advice })
      return undefined
    }
  }

  const { keystore, pem, truststore } = settings
  let identities: Identity[] = []
  if (keystore !== null) {
    const { password, privateKeyPassword } = keystore
    // Java would try the empty password; that never opens a key, and leaving it out is what people do.
    const keyPassword = privateKeyPassword || password
    const read = (bytes: Buffer): Identity[] => identitiesOf(readKeyStore(bytes, password, keyPassword))
    identities = from(keystore.path, read) ?? []
  }
  if (pem !== null) {
    const chain = from(pem.certificate, readCertificates)
    const key = from(pem.privateKey, (bytes) => readPrivateKey(bytes, pem.privateKeyPassword))
    if (chain !== undefined && key !== undefined) {
      const identity = from(pem.privateKey, () => identityOf(key, chain, `the certificate in ${pem.certificate}`))
      if (identity !== undefined) identities = [identity]
    }
  }
  const anchors: Buffer[] = []
  if (truststore !== null) {
    const read = (bytes: Buffer): Buffer[] => anchorsOf(readKeyStore(bytes, truststore.password, null))
    anchors.push(...(from(truststore.path, read) ?? []))
  }
  if (settings.trustedCertificates !== null)
    anchors.push(...(from(settings.trustedCertificates, readCertificates) ?? []))
  const list = settings.certificateRevocationList
  // Without its issuer a list cannot be judged.
  const isComplete = faults.length === 0 && filesOf(settings).every((path) => files.has(path))
  const revocations = list === null || !isComplete ? [] : from(list, (bytes) => readRevocationLists(bytes, anchors))
  return faults.length > 0 ? { faults } : { material: { identities, anchors, revocations: revocations ?? [] } }
}

function identitiesOf({ keys }: KeyStore): Identity[] {
  if (keys.length === 0) {
    throw new StoreBytesFault('the store has no private key', 'Is this the trust store? A key store is needed here.')
  }
  const identities = new Map<string | undefined, Identity>()
  for (const { alias, privateKey, chain } of keys) {
    const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
    const identity = identityOf(key, chain, `the certificate of "${alias}"`)
    // One of each kind can be used; Java takes the first, too.
    if (!identities.has(key.asymmetricKeyType)) identities.set(key.asymmetricKeyType, identity)
  }
  return [...identities.values()]
}

function identityOf(key: KeyObject, chain: readonly Buffer[], certificate: string): Identity {
  const [leaf] = chain
  if (leaf === undefined) {
    throw new StoreBytesFault('there is no certificate for the private key', 'Import the certificate, with its chain.')
  }
  if (!new X509Certificate(leaf).checkPrivateKey(key)) {
    throw new StoreBytesFault(`the private key does not belong to ${certificate}`, 'Replace both together.')
  }
  return { privateKey: key.export({ format: 'pem', type: 'pkcs8' }), chain: chain.map(toPem).join('') }
}

/** Every certificate entry, and the certificate of each key, as in Java. */
function anchorsOf({ keys, trusted }: KeyStore): Buffer[] {
  const anchors = [...trusted, ...keys.flatMap(({ chain }) => chain.slice(0, 1))]
  if (anchors.length === 0) {
    throw new StoreBytesFault('the store has no certificate to trust', 'Import one: keytool -importcert.')
  }
  return anchors.map(checked)
}

function readCertificates(bytes: Buffer): Buffer[] {
  const certificates = blocksOf(bytes, 'CERTIFICATE')
  if (certificates.length === 0) {
    throw new StoreBytesFault('the file has no certificate', 'A PEM file is needed: "-----BEGIN CERTIFICATE-----" …')
  }
  return certificates.map(checked)
}

/** The certificate as it is; throws where it is none. */
function checked(certificate: Buffer): Buffer {
  return new X509Certificate(certificate).raw
}

function readPrivateKey(bytes: Buffer, passphrase: string): KeyObject {
  const text = bytes.toString('latin1')
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new StoreBytesFault('the file has no private key', 'A PEM file is needed: "-----BEGIN PRIVATE KEY-----" …')
  }
  const isEncrypted = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(text)
  try {
    return createPrivateKey(isEncrypted ? { key: text, passphrase } : text)
  } catch {
    if (isEncrypted) {
      throw new StoreBytesFault('the private key password does not fit, or the file is damaged', 'Check the password.')
    }
    throw new StoreBytesFault('the private key cannot be read', 'Has the file been written completely?')
  }
}
