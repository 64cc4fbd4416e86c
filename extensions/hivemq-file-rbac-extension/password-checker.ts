// SPDX-License-Identifier: Apache-2.0
import { argon2, createHmac, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { HashedPassword, StoredPassword } from './stored-password.ts'

/**
 * Of the four threads that Node has for such work; the others stay free for the disk. More would take the processor from the
 * event loop: a pod of the United Manufacturing Hub has 0.7 of one. One computes 10 000 of HiveMQ's hashes in a second.
 */
const THREADS = 1
/** Logins that wait for a thread: a whole site that comes back at once. More are told to come later. */
const MAX_WAITING = 10_000
/** How long they wait at most: 5 000 that come at once took longer than ten seconds on a machine with much else to do. */
const MAX_WAIT_MS = 20_000
/** For the broker, which refuses them then as if their password were wrong. */
export const CHECK_LIMIT_MS: number = MAX_WAIT_MS + 10_000
/** HiveMQ's: what was computed is known for so long, */
const CACHE_MS = 30_000
/** and so much of it. */
const CACHE_SIZE = 1_000

export type Verdict = 'right' | 'wrong' | 'busy'

export interface CheckerListener {
  onCacheHit(): void
  /** A hash was computed, which took so long. */
  onComputed(ms: number): void
}

interface Job {
  readonly password: Uint8Array
  readonly stored: HashedPassword
  /** What the cache has it under. Made while the password is there: when nobody waits any more it is overwritten. */
  readonly key: string
  readonly sinceMs: number
  readonly signal: AbortSignal
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (error: unknown) => void
}

const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify<Uint8Array, Buffer, number, object, Buffer>(scrypt)
const deriveArgon2 = promisify(argon2)

/** Compares passwords with what is stored of them: off the event loop, a few at a time, and in the same time if they differ. */
export class PasswordChecker {
  readonly #now: () => number
  readonly #listener: CheckerListener
  readonly #waiting: Job[] = []
  #running = 0
  /** Verdicts by what they are about; the oldest first. */
  readonly #cache = new Map<string, { readonly isRight: boolean; readonly until: number }>()
  /** The cache holds no passwords, nor anything that they could be found by. */
  readonly #cacheKey = randomBytes(32)

  /** `now` in milliseconds. */
  constructor(now: () => number, listener: CheckerListener) {
    this.#now = now
    this.#listener = listener
  }

  /** `busy` when too many wait already, or for too long, or nobody waits for the answer any more. */
  check(password: Uint8Array, stored: StoredPassword, signal: AbortSignal): Promise<Verdict> {
    if (stored.algorithm === 'plain') return Promise.resolve(isSame(password, stored.bytes) ? 'right' : 'wrong')
    const key = this.#keyOf(password, stored)
    const cached = this.#cache.get(key)
    if (cached !== undefined && cached.until > this.#now()) {
      this.#listener.onCacheHit()
      return Promise.resolve(cached.isRight ? 'right' : 'wrong')
    }
    if (this.#waiting.length >= MAX_WAITING) return Promise.resolve('busy')
    return new Promise((resolve, reject) => {
      this.#waiting.push({ password, stored, key, sinceMs: this.#now(), signal, resolve, reject })
      this.#runNext()
    })
  }

  #runNext(): void {
    while (this.#running < THREADS) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      if (job.signal.aborted || this.#now() - job.sinceMs > MAX_WAIT_MS) job.resolve('busy')
      else void this.#run(job)
    }
  }

  async #run(job: Job): Promise<void> {
    this.#running++
    const { password, stored, key } = job
    try {
      const startedAt = this.#now()
      const hash = await derive(password, stored)
      this.#listener.onComputed(this.#now() - startedAt)
      const isRight = isSame(hash, stored.hash)
      this.#remember(key, isRight)
      job.resolve(isRight ? 'right' : 'wrong')
    } catch (error) {
      job.reject(error)
    } finally {
      this.#running--
      this.#runNext()
    }
  }

  #remember(key: string, isRight: boolean): void {
    this.#cache.delete(key)
    if (this.#cache.size >= CACHE_SIZE) this.#cache.delete(this.#cache.keys().next().value!)
    this.#cache.set(key, { isRight, until: this.#now() + CACHE_MS })
  }

  #keyOf(password: Uint8Array, stored: HashedPassword): string {
    const { salt, hash, ...parameters } = stored
    return createHmac('sha256', this.#cacheKey)
      .update(`${JSON.stringify(parameters)} ${salt.length} ${hash.length} `)
      .update(salt)
      .update(hash)
      .update(password)
      .digest('base64')
  }
}

function derive(password: Uint8Array, stored: HashedPassword): Promise<Buffer> {
  switch (stored.algorithm) {
    case 'pbkdf2':
      return derivePbkdf2(password, stored.salt, stored.iterations, stored.hash.length, 'sha512')
    case 'scrypt': {
      const { cost, blockSize, parallelization } = stored
      const maxmem = 2 * 128 * cost * blockSize * parallelization
      return deriveScrypt(password, stored.salt, stored.hash.length, { cost, blockSize, parallelization, maxmem })
    }
    case 'argon2id':
      return deriveArgon2('argon2id', {
        message: password,
        nonce: stored.salt,
        parallelism: stored.parallelism,
        tagLength: stored.hash.length,
        memory: stored.memory,
        passes: stored.passes,
      })
  }
}

/** Takes no longer the more of the beginning is right. */
function isSame(given: Uint8Array, expected: Buffer): boolean {
  // Of different lengths there is nothing to compare; hashed, even the length of a plain password stays unknown.
  const key = randomBytes(32)
  const digest = (bytes: Uint8Array): Buffer => createHmac('sha256', key).update(bytes).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
