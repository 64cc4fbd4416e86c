// SPDX-License-Identifier: Apache-2.0
import { createHash, timingSafeEqual } from 'node:crypto'
import { asn1, childOf, contentOf, oidOf } from './der.ts'
import type { KeyEntry, KeyStore } from './key-store.ts'
import { StoreBytesFault } from './tls-fault.ts'

// Sun's own format: what keytool made until Java 8, and makes with -storetype JKS.
//
//   FEEDFEED | version | count | entry … | SHA-1 of password, "Mighty Aphrodite" and all of it
//   entry:  1 | alias | date | protected key | count | certificate …         a key
//           2 | alias | date | certificate                                   one to be trusted
//   Texts have two bytes of length before them; keys and certificates four, version 2 also the type of a certificate.

const MAGIC = 0xfeedfeed
const WHITENER = 'Mighty Aphrodite'
const SHA1_BYTES = 20
const KEY_ENTRY = 1
const TRUSTED_ENTRY = 2
/** Sun's key protector. */
const KEY_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1'

export function isJavaKeyStore(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC
}

export function readJavaKeyStore(bytes: Buffer, password: string, keyPassword: string | null): KeyStore {
  const reader = new Reader(bytes)
  reader.number()
  const version = reader.number()
  if (version !== 1 && version !== 2) {
    throw new StoreBytesFault(`version ${version} of JKS does not exist`, 'Is the file damaged?')
  }
  const keys: { alias: string; key: Buffer; chain: Buffer[] }[] = []
  const trusted: Buffer[] = []
  for (let left = reader.number(); left > 0; left--) {
    const tag = reader.number()
    const alias = reader.text()
    reader.skip(8)
    if (tag === KEY_ENTRY) {
      const key = reader.block()
      const chain: Buffer[] = []
      for (let certificates = reader.number(); certificates > 0; certificates--) chain.push(readCertificate())
      keys.push({ alias, key, chain })
    } else if (tag === TRUSTED_ENTRY) trusted.push(readCertificate())
    else throw new StoreBytesFault(`an entry of the unknown kind ${tag}`, 'Is the file damaged?')
  }
  checkIntegrity(bytes, reader.at, password)
  return {
    keys: keys.map(({ alias, key, chain }): KeyEntry => ({
      alias,
      privateKey: keyPassword === null ? Buffer.alloc(0) : recoverKey(key, alias, keyPassword),
      chain,
    })),
    trusted,
  }

  function readCertificate(): Buffer {
    if (version === 2) reader.text()
    return reader.block()
  }
}

function checkIntegrity(bytes: Buffer, end: number, password: string): void {
  const found = bytes.subarray(end, end + SHA1_BYTES)
  if (found.length < SHA1_BYTES) throw truncated()
  const expected = createHash('sha1').update(utf16(password)).update(WHITENER).update(bytes.subarray(0, end)).digest()
  if (!timingSafeEqual(found, expected)) {
    throw new StoreBytesFault('the password does not fit, or the file is damaged', 'Check the password of the store.')
  }
}

/** The key is covered by a stream of SHA-1 hashes, each of the password and the hash before it; the first is the salt. */
function recoverKey(protectedKey: Buffer, alias: string, password: string): Buffer {
  const info = asn1.fromDer(protectedKey.toString('latin1'))
  if (oidOf(childOf(info, 0, 0)) !== KEY_PROTECTOR) {
    throw new StoreBytesFault(
      `the key "${alias}" is protected in an unknown way`,
      'Convert the store: keytool -importkeystore … -deststoretype PKCS12.',
    )
  }
  const bytes = contentOf(childOf(info, 1))
  if (bytes.length < 2 * SHA1_BYTES) throw truncated()
  const covered = bytes.subarray(SHA1_BYTES, -SHA1_BYTES)
  const secret = utf16(password)
  const key = Buffer.allocUnsafe(covered.length)
  let hash = bytes.subarray(0, SHA1_BYTES)
  for (let at = 0; at < covered.length; at++) {
    if (at % SHA1_BYTES === 0) hash = createHash('sha1').update(secret).update(hash).digest()
    key[at] = covered[at]! ^ hash[at % SHA1_BYTES]!
  }
  const check = createHash('sha1').update(secret).update(key).digest()
  if (!timingSafeEqual(check, bytes.subarray(-SHA1_BYTES))) {
    throw new StoreBytesFault(
      `the private key password does not open the key "${alias}"`,
      'Check private-key-password.',
    )
  }
  return key
}

function utf16(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16()
}

function truncated(): StoreBytesFault {
  return new StoreBytesFault('the file ends too early', 'Has it been written completely?')
}

class Reader {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(): number {
    return this.#take(4).readUInt32BE(0)
  }

  text(): string {
    return this.#take(this.#take(2).readUInt16BE(0)).toString('utf8')
  }

  block(): Buffer {
    return this.#take(this.number())
  }

  skip(length: number): void {
    this.#take(length)
  }

  #take(length: number): Buffer {
    const start = this.at
    if (start + length > this.#bytes.length) throw truncated()
    this.at = start + length
    return this.#bytes.subarray(start, this.at)
  }
}
