// SPDX-License-Identifier: Apache-2.0
import forge from 'node-forge'
import { StoreBytesFault } from './tls-fault.ts'

export const asn1: typeof forge.asn1 = forge.asn1

export type Node = forge.asn1.Asn1

/** The node at a path of indices. */
export function childOf(node: Node, ...path: readonly number[]): Node {
  let child: Node | undefined = node
  for (const index of path) child = Array.isArray(child?.value) ? child.value[index] : undefined
  if (child === undefined) throw malformed()
  return child
}

export function childrenOf(node: Node): readonly Node[] {
  if (!Array.isArray(node.value)) throw malformed()
  return node.value
}

/** The bytes of a primitive type, or of a string in pieces, as BER allows it. */
export function contentOf(node: Node): Buffer {
  if (typeof node.value === 'string') return Buffer.from(node.value, 'latin1')
  return Buffer.concat(childrenOf(node).map(contentOf))
}

export function oidOf(node: Node): string {
  if (typeof node.value !== 'string') throw malformed()
  return asn1.derToOid(node.value)
}

export function parseDer(bytes: Buffer): Node {
  try {
    // What follows the structure is nobody's concern: editors and secrets like to add a line feed.
    const options = { strict: true, parseAllBytes: false, decodeBitStrings: false } as unknown as boolean
    return asn1.fromDer(bytes.toString('latin1'), options)
  } catch (error) {
    throw new StoreBytesFault(
      /Too few bytes/.test((error as Error).message) ? 'the file ends too early' : 'the file is damaged',
      'Has it been written completely?',
    )
  }
}

export function malformed(): StoreBytesFault {
  return new StoreBytesFault('the file is damaged, or of another format', 'A JKS or PKCS#12 store is needed here.')
}
