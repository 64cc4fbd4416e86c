// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import type { PasswordType } from './extension-config.ts'

/** A password as credentials.xml has it. */
export type StoredPassword = PlainPassword | HashedPassword

export interface PlainPassword {
  readonly algorithm: 'plain'
  readonly bytes: Buffer
}

export type HashedPassword = Pbkdf2Password | ScryptPassword | Argon2Password

export interface Pbkdf2Password {
  readonly algorithm: 'pbkdf2'
  readonly salt: Buffer
  readonly hash: Buffer
  readonly iterations: number
}

export interface ScryptPassword {
  readonly algorithm: 'scrypt'
  readonly salt: Buffer
  readonly hash: Buffer
  readonly cost: number
  readonly blockSize: number
  readonly parallelization: number
}

export interface Argon2Password {
  readonly algorithm: 'argon2id'
  readonly salt: Buffer
  readonly hash: Buffer
  /** KiB */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

export interface PasswordReading {
  readonly password: StoredPassword
  /** What is wrong with it; null if nothing is. */
  readonly problem: string | null
  /** HiveMQ takes the file all the same, and refuses the user. */
  readonly isAcceptedByHivemq: boolean
}

/** For users who cannot log in, and for the time that an unknown one takes: nobody has this password. */
export const NEVER_MATCHES: Pbkdf2Password = {
  algorithm: 'pbkdf2',
  salt: randomBytes(32),
  hash: randomBytes(64),
  iterations: 100,
}

/** HiveMQ's tool makes it so, and its README leaves it out. */
const DEFAULT_ITERATIONS = 100
/** A second or more of one core for each login: beyond it a file could stall all logins. */
const MAX_ITERATIONS = 10_000_000
const MAX_MEMORY_KIB = 256 * 1024
const MAX_PASSES = 64
const PBKDF2_BYTES = 64
const MIN_HASH_BYTES = 16

/** Reads `salt:iterations:hash` as HiveMQ's tool writes it, or the modern `$scrypt$…` and `$argon2id$…`. */
export function readStoredPassword(text: string, type: PasswordType): PasswordReading {
  if (type === 'PLAIN') return fine({ algorithm: 'plain', bytes: Buffer.from(text) })
  if (text.startsWith('$')) return readPhc(text)
  // Java's split drops empty parts at the end.
  const parts = text.replace(/:+$/, '').split(':')
  if (parts.length < 2 || parts[0] === '' || parts[1] === '') {
    return wrong('is no hash: expected salt:iterations:hash, as `waggle hash-password` makes it', false)
  }
  const [salt, hash] = [decodeBase64(parts[0]!), decodeBase64(parts.at(-1)!)]
  const iterations = parts.length === 2 ? DEFAULT_ITERATIONS : Number(/^\d{1,10}$/.exec(parts[1]!)?.[0] ?? 0)
  if (parts.length > 3) return wrong('has more than the three parts salt:iterations:hash')
  if (salt === null || hash === null) return wrong('has a salt or hash that is not base64')
  if (hash.length !== PBKDF2_BYTES) return wrong(`has a hash of ${hash.length} bytes, not ${PBKDF2_BYTES}`)
  if (iterations < 1 || iterations > MAX_ITERATIONS) return wrong(`has iterations outside of 1 to ${MAX_ITERATIONS}`)
  return fine({ algorithm: 'pbkdf2', salt, hash, iterations })
}

function readPhc(text: string): PasswordReading {
  const scrypt = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([^$]+)\$([^$]+)$/.exec(text)
  const argon2 = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([^$]+)\$([^$]+)$/.exec(text)
  const [, first, second, third, saltText = '', hashText = ''] = scrypt ?? argon2 ?? []
  const [salt, hash] = [decodeBase64(saltText), decodeBase64(hashText)]
  if (first === undefined || salt === null || hash === null) {
    return wrong('is no hash: expected $scrypt$ln=…,r=…,p=…$salt$hash or $argon2id$v=19$m=…,t=…,p=…$salt$hash', false)
  }
  // A short one is found by trying.
  if (hash.length < MIN_HASH_BYTES) return wrong(`has a hash of less than ${MIN_HASH_BYTES} bytes`, false)
  const [a, b, c] = [Number(first), Number(second), Number(third)]
  if (scrypt !== null) {
    const isSane = a >= 1 && a <= 20 && b >= 1 && c >= 1 && c <= 16 && (128 * 2 ** a * b) / 1024 <= MAX_MEMORY_KIB
    if (!isSane) return wrong(`asks scrypt for more than ${MAX_MEMORY_KIB} KiB, or for nothing`, false)
    return fine({ algorithm: 'scrypt', salt, hash, cost: 2 ** a, blockSize: b, parallelization: c })
  }
  const isSane = a >= 8 * c && a <= MAX_MEMORY_KIB && b >= 1 && b <= MAX_PASSES && c >= 1 && c <= 16 && salt.length >= 8
  if (!isSane)
    return wrong(`asks argon2id for more than ${MAX_MEMORY_KIB} KiB or ${MAX_PASSES} passes, or for nothing`, false)
  return fine({ algorithm: 'argon2id', salt, hash, memory: a, passes: b, parallelism: c })
}

function fine(password: StoredPassword): PasswordReading {
  return { password, problem: null, isAcceptedByHivemq: true }
}

function wrong(problem: string, isAcceptedByHivemq = true): PasswordReading {
  return { password: NEVER_MATCHES, problem, isAcceptedByHivemq }
}

/** Node's decoder takes anything. The standard alphabet; padding may be missing, as Java takes it. */
function decodeBase64(text: string): Buffer | null {
  if (text === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) return null
  return Buffer.from(text, 'base64')
}
