// SPDX-License-Identifier: Apache-2.0
import { verify, X509Certificate } from 'node:crypto'
import type forge from 'node-forge'
import { asn1, childOf, childrenOf, contentOf, type Node, oidOf, parseDer } from './der.ts'
import { type RevocationList, serialNumberText } from './key-material.ts'
import { blocksOf } from './pem.ts'
import { StoreBytesFault } from './tls-fault.ts'

// RFC 5280, section 5. OpenSSL's own check is not used: it refuses every client whose issuer has no list, and all of them
// from the moment on at which a list should have been renewed.

/** The hash of each signature algorithm; null where the algorithm has its own. */
const SIGNATURES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
}

/** One list as DER, or any number as PEM; each signed by one of the anchors. */
export function readRevocationLists(bytes: Buffer, anchors: readonly Uint8Array[]): RevocationList[] {
  const blocks = blocksOf(bytes, 'X509 CRL')
  if (blocks.length === 0 && bytes.includes('-----BEGIN ')) {
    throw new StoreBytesFault(
      'the file has no revocation list',
      'A text with "-----BEGIN X509 CRL-----" is needed, or DER.',
    )
  }
  return (blocks.length > 0 ? blocks : [bytes]).map((block) => readList(block, anchors))
}

function readList(bytes: Buffer, anchors: readonly Uint8Array[]): RevocationList {
  const list = parseDer(bytes)
  const content = childOf(list, 0)
  const parts = [...childrenOf(content)]
  if (isOf(parts[0], asn1.Type.INTEGER)) parts.shift()
  // Signature algorithm, issuer, this update; then what may be left out.
  const [next, entries] = isTime(parts[3]) ? [parts[3], parts[4]] : [undefined, parts[3]]
  const serialNumbers = new Set<string>()
  if (isOf(entries, asn1.Type.SEQUENCE)) {
    for (const entry of childrenOf(entries!)) {
      serialNumbers.add(serialNumberText(contentOf(childOf(entry, 0)).toString('hex')))
    }
  }
  return {
    issuer: issuerOf(list, anchors),
    serialNumbers,
    nextUpdate: next === undefined ? null : timeOf(next).getTime(),
  }
}

function issuerOf(list: Node, anchors: readonly Uint8Array[]): Uint8Array {
  const algorithm = oidOf(childOf(list, 1, 0))
  const hash = SIGNATURES[algorithm]
  if (hash === undefined) {
    throw new StoreBytesFault(`a signature of the unknown kind ${algorithm}`, 'Sign the list with RSA or ECDSA.')
  }
  const content = Buffer.from(asn1.toDer(childOf(list, 0)).getBytes(), 'latin1')
  // The first byte counts unused bits.
  const signature = contentOf(childOf(list, 2)).subarray(1)
  const issuer = anchors.find((anchor) => {
    try {
      return verify(hash, content, new X509Certificate(anchor).publicKey, signature)
    } catch {
      return false // a key of another kind
    }
  })
  if (issuer !== undefined) return issuer
  throw new StoreBytesFault(
    'no trusted certificate has signed the list, or it is damaged',
    'Put the certificate of its issuer into the trust store or into trusted-certificates.',
  )
}

function isOf(node: Node | undefined, type: forge.asn1.Type): boolean {
  return node?.tagClass === asn1.Class.UNIVERSAL && node.type === type
}

function isTime(node: Node | undefined): boolean {
  return isOf(node, asn1.Type.UTCTIME) || isOf(node, asn1.Type.GENERALIZEDTIME)
}

function timeOf(node: Node): Date {
  const text = contentOf(node).toString('latin1')
  return node.type === asn1.Type.UTCTIME ? asn1.utcTimeToDate(text) : asn1.generalizedTimeToDate(text)
}
