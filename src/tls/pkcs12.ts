// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { asn1, childOf, childrenOf, contentOf, malformed, type Node, oidOf, parseDer } from './der.ts'
import type { KeyEntry, KeyStore } from './key-store.ts'
import { checkMac, decrypt } from './pkcs12-protection.ts'
import { StoreBytesFault } from './tls-fault.ts'

// RFC 7292. node-forge's own reader takes RSA keys only, and encodes certificates anew; this walks over
// the structure and leaves certificates as the bytes they are.
//
//   PFX: version, safes, MAC        safe: bags, plain or encrypted as a whole        bag: kind, value, attributes

const DATA = '1.2.840.113549.1.7.1'
const SIGNED_DATA = '1.2.840.113549.1.7.2'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const KEY_BAG = '1.2.840.113549.1.12.10.1.1'
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2'
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3'
const NESTED_BAGS = '1.2.840.113549.1.12.10.1.6'
const FRIENDLY_NAME = '1.2.840.113549.1.9.20'
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21'
/** Java's mark of a certificate that is to be trusted. */
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1'
const MAX_NESTING = 8
/** A chain that is longer is a circle. */
const MAX_CHAIN = 16

interface Bag {
  readonly kind: string
  readonly value: Node
  readonly alias: string
  readonly keyId: string | null
  readonly isTrusted: boolean
}

export function readPkcs12(bytes: Buffer, password: string, keyPassword: string | null): KeyStore {
  const pfx = parseDer(bytes)
  const safes = contentOf(dataOf(childOf(pfx, 1)))
  if (childrenOf(pfx).length > 2) checkMac(childOf(pfx, 2), safes, password)
  const bags = childrenOf(parseDer(safes)).flatMap((safe) => bagsOf(safe, password))
  const certificates = bags
    .filter(({ kind }) => kind === CERTIFICATE_BAG)
    .map((bag) => ({ ...bag, bytes: contentOf(childOf(bag.value, 1, 0)) }))
  const keyBags = bags.filter(({ kind }) => kind === SHROUDED_KEY_BAG || kind === KEY_BAG)
  const keys = keyBags.map((bag): KeyEntry => {
    const leaf = certificates.find(({ keyId }) => keyId !== null && keyId === bag.keyId)
    const privateKey = keyPassword === null ? Buffer.alloc(0) : privateKeyOf(bag, keyPassword)
    const others = certificates.map((certificate) => certificate.bytes)
    return { alias: bag.alias, privateKey, chain: chainFrom(leaf?.bytes ?? leafOf(privateKey, others), others) }
  })
  const marked = certificates.filter(({ isTrusted }) => isTrusted)
  // openssl does not know Java's mark: then everything that is not a key's is meant.
  const trusted = marked.length > 0 || keys.length > 0 ? marked : certificates
  return { keys, trusted: trusted.map((certificate) => certificate.bytes) }
}

/** What stands in a ContentInfo. */
function dataOf(contentInfo: Node): Node {
  const kind = oidOf(childOf(contentInfo, 0))
  if (kind === SIGNED_DATA) {
    throw new StoreBytesFault('the store is signed with a key of its own', 'Make one that is protected by a password.')
  }
  if (kind !== DATA) throw malformed()
  return childOf(contentInfo, 1, 0)
}

function bagsOf(safe: Node, password: string): Bag[] {
  if (oidOf(childOf(safe, 0)) !== ENCRYPTED_DATA) return readBags(parseDer(contentOf(dataOf(safe))), 0)
  const encrypted = childOf(safe, 1, 0, 1)
  return readBags(parseDer(decrypt(childOf(encrypted, 1), contentOf(childOf(encrypted, 2)), password)), 0)
}

function readBags(contents: Node, depth: number): Bag[] {
  if (depth > MAX_NESTING) throw new StoreBytesFault('bags within bags without end', 'Is this a store of yours?')
  return childrenOf(contents).flatMap((bag) => {
    const kind = oidOf(childOf(bag, 0))
    const value = childOf(bag, 1, 0)
    if (kind === NESTED_BAGS) return readBags(value, depth + 1)
    const attributes = new Map<string, Node | undefined>()
    for (const attribute of childrenOf(bag)[2] === undefined ? [] : childrenOf(childOf(bag, 2))) {
      attributes.set(oidOf(childOf(attribute, 0)), childrenOf(childOf(attribute, 1))[0])
    }
    const name = attributes.get(FRIENDLY_NAME)
    const keyId = attributes.get(LOCAL_KEY_ID)
    return {
      kind,
      value,
      // forge has made text of it.
      alias: typeof name?.value === 'string' ? name.value : '',
      keyId: keyId === undefined ? null : contentOf(keyId).toString('hex'),
      isTrusted: attributes.has(TRUSTED_KEY_USAGE),
    }
  })
}

function privateKeyOf({ kind, value, alias }: Bag, password: string): Buffer {
  if (kind === KEY_BAG) return der(value)
  try {
    const key = decrypt(childOf(value, 0), contentOf(childOf(value, 1)), password)
    // A wrong password that leaves a valid padding by chance.
    createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    return key
  } catch (error) {
    if (error instanceof StoreBytesFault && !/password/.test(error.message)) throw error
    throw new StoreBytesFault(
      `the private key password does not open the key "${alias}"`,
      'Check private-key-password.',
    )
  }
}

function der(node: Node): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1')
}

function leafOf(privateKey: Buffer, certificates: readonly Buffer[]): Buffer | undefined {
  if (privateKey.length === 0) return undefined
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
  return certificates.find((bytes) => new X509Certificate(bytes).checkPrivateKey(key))
}

function chainFrom(leaf: Buffer | undefined, certificates: readonly Buffer[]): Buffer[] {
  const chain: Buffer[] = []
  for (let next = leaf; next !== undefined && chain.length < MAX_CHAIN;) {
    chain.push(next)
    const last = new X509Certificate(next)
    next = last.checkIssued(last)
      ? undefined
      : certificates.find((bytes) => last.checkIssued(new X509Certificate(bytes)))
  }
  return chain
}
