// SPDX-License-Identifier: Apache-2.0
import { createHmac, timingSafeEqual } from 'node:crypto'
import forge from 'node-forge'
import { asn1, childOf, childrenOf, contentOf, type Node, oidOf } from './der.ts'
import { StoreBytesFault } from './tls-fault.ts'

/** Java's own limit. A store that asks for more would keep a core busy for as long as its author likes. */
const MAX_ITERATIONS = 5_000_000
const MAC_KEY = 3
const WRONG_PASSWORD = 'the password does not fit, or the file is damaged'
const PBES2 = '1.2.840.113549.1.5.13'
const PBMAC1 = '1.2.840.113549.1.5.14'

type Digest = 'sha1' | 'sha256' | 'sha384' | 'sha512'

const DIGESTS: Readonly<Record<string, { readonly name: Digest; readonly bytes: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', bytes: 20 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', bytes: 32 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', bytes: 48 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', bytes: 64 },
}

/** What its types leave out. */
interface PasswordEncryption {
  getCipher(oid: string, parameters: Node, password: string): forge.cipher.BlockCipher
  generatePkcs12Key(
    password: string,
    salt: forge.util.ByteBuffer,
    purpose: number,
    iterations: number,
    length: number,
    digest: forge.md.MessageDigest,
  ): forge.util.ByteBuffer
}

const { pbe } = forge.pki as unknown as { pbe: PasswordEncryption }

/** Whether the password is the store's, and nothing was changed without it. */
export function checkMac(mac: Node, content: Buffer, password: string): void {
  const oid = oidOf(childOf(mac, 0, 0, 0))
  const digest = DIGESTS[oid]
  if (digest === undefined) throw unsupported(oid === PBMAC1 ? 'a MAC of the kind PBMAC1' : `a MAC of the kind ${oid}`)
  const salt = contentOf(childOf(mac, 1)).toString('latin1')
  // One iteration where the number is left out.
  const iterations = childrenOf(mac)[2] === undefined ? 1 : iterationsOf(childOf(mac, 2))
  const engine = forge.md[digest.name].create()
  const key = pbe.generatePkcs12Key(password, forge.util.createBuffer(salt), MAC_KEY, iterations, digest.bytes, engine)
  const expected = createHmac(digest.name, Buffer.from(key.getBytes(), 'latin1')).update(content).digest()
  const found = contentOf(childOf(mac, 0, 1))
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new StoreBytesFault(WRONG_PASSWORD, 'Check the password of the store.')
  }
}

/** 3DES and RC2-40 with SHA-1, as Java wrote them for decades and OpenSSL 3 does not read them; PBES2. */
export function decrypt(algorithm: Node, bytes: Buffer, password: string): Buffer {
  const oid = oidOf(childOf(algorithm, 0))
  const parameters = childOf(algorithm, 1)
  iterationsOf(oid === PBES2 ? childOf(parameters, 0, 1, 1) : childOf(parameters, 1))
  let cipher: forge.cipher.BlockCipher
  try {
    cipher = pbe.getCipher(oid, parameters, password)
  } catch {
    throw unsupported(`a protection of the kind ${oid}`)
  }
  cipher.update(forge.util.createBuffer(bytes.toString('latin1')))
  if (!cipher.finish()) throw new StoreBytesFault(WRONG_PASSWORD, 'Check the password of the store.')
  return Buffer.from(cipher.output.getBytes(), 'latin1')
}

function iterationsOf(node: Node): number {
  const bytes = contentOf(node)
  const iterations = bytes.length > 4 ? Number.POSITIVE_INFINITY : asn1.derToInteger(bytes.toString('latin1'))
  if (iterations >= 1 && iterations <= MAX_ITERATIONS) return iterations
  throw new StoreBytesFault(
    `its password is to be hashed ${iterations} times, the limit is ${MAX_ITERATIONS}`,
    'Make the store anew with fewer iterations.',
  )
}

function unsupported(what: string): StoreBytesFault {
  return new StoreBytesFault(
    `${what} is not supported`,
    'Make the store anew: keytool -importkeystore … -deststoretype PKCS12.',
  )
}
