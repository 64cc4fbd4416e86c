// SPDX-License-Identifier: Apache-2.0
import { argon2Sync, scryptSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type CheckerListener, PasswordChecker, type Verdict } from './password-checker.ts'
import { readStoredPassword, type StoredPassword } from './stored-password.ts'

const SECRET_100 =
  'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=:100:26ycVqpTOpOz6KFUG+SyG7ADJpBUFWQfqxhSAq60sw5UduJ/JTuBe1iRw6s0aU+vA6hVSuHtz6J5REe7P3yJbg=='
const SECRET_10000 =
  'c2FsdA==:10000:oBOH1nACl0EGg+M7w4h6UqFrh7B4r0MQIMCEHyhfWDtAAzDX2cQYL8FSvjQdgCbQsvnXIGRKZM0PVik/Qe89Uw=='
const UMLAUTS_1 = 'c2FsdA==:1:hi3v8jkIEPHNAV2uNRoZ5soPOv8EnkhX3kK/FszlXrgSxvr1JLLInlu2TwH8Alg4N1txffBF6KRKDW2yQkp7aw=='
const TWO_PARTS = SECRET_100.replace(':100:', ':')

const never = new AbortController().signal

function stored(text: string, type: 'HASHED' | 'PLAIN' = 'HASHED'): StoredPassword {
  const { password, problem } = readStoredPassword(text, type)
  expect(problem).toBeNull()
  return password
}

class Notes implements CheckerListener {
  hits = 0
  computed = 0

  onCacheHit(): void {
    this.hits++
  }

  onComputed(): void {
    this.computed++
  }
}

function check(text: string, password: string | Buffer, type: 'HASHED' | 'PLAIN' = 'HASHED'): Promise<Verdict> {
  return new PasswordChecker(() => 0, new Notes()).check(Buffer.from(password), stored(text, type), never)
}

function withoutPadding(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

describe('passwords', () => {
  const salt = Buffer.from('sixteen bytes ok')
  const scrypt = `$scrypt$ln=4,r=8,p=1$${withoutPadding(salt)}$${withoutPadding(scryptSync('secret', salt, 32, { cost: 16 }))}`
  const argon2Hash = argon2Sync('argon2id', {
    message: 'secret',
    nonce: salt,
    parallelism: 1,
    tagLength: 32,
    memory: 64,
    passes: 2,
  })
  const argon2id = `$argon2id$v=19$m=64,t=2,p=1$${withoutPadding(salt)}$${withoutPadding(argon2Hash)}`

  it.each([
    ['as HiveMQ makes them', SECRET_100],
    ['with more iterations', SECRET_10000],
    ['without iterations, as the README of HiveMQ has them', TWO_PARTS],
    ['of scrypt', scrypt],
    ['of argon2id', argon2id],
  ])('%s are right or wrong', async (_name, text) => {
    expect(await check(text, 'secret')).toBe('right')
    expect(await check(text, 'Secret')).toBe('wrong')
    expect(await check(text, '')).toBe('wrong')
  })

  it('are bytes', async () => {
    expect(await check(UMLAUTS_1, 'pässwörd')).toBe('right')
    expect(await check(UMLAUTS_1, Buffer.from('pässwörd', 'latin1'))).toBe('wrong')
    expect(await check('pässwörd', 'pässwörd', 'PLAIN')).toBe('right')
    expect(await check('pässwörd', 'pässwörd ', 'PLAIN')).toBe('wrong')
  })

  it.each([
    ['a:b:c:d', true],
    [`c2FsdA==:0:${UMLAUTS_1.split(':')[2]!}`, true],
    [`c2FsdA==:many:${UMLAUTS_1.split(':')[2]!}`, true],
    [`c2FsdA==:99999999999:${UMLAUTS_1.split(':')[2]!}`, true],
    ['c2FsdA==:1:aGFzaA==', true],
    [`c2Fs dA==:1:${UMLAUTS_1.split(':')[2]!}`, true],
    ['in the clear', false],
    ['c2FsdA==:', false],
    [':c2FsdA==', false],
    ['$scrypt$ln=30,r=8,p=1$c2FsdA$c2FsdHNhbHRzYWx0c2FsdHNhbHQ', false],
    ['$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdHNhbHQ', false],
    ['$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$c2FsdA', false],
    ['$bcrypt$whatever', false],
  ])('that nobody can have are told: %s', async (text, isAcceptedByHivemq) => {
    const reading = readStoredPassword(text, 'HASHED')
    expect(reading.problem).toEqual(expect.any(String))
    expect(reading.problem).not.toContain(text)
    expect(reading.isAcceptedByHivemq).toBe(isAcceptedByHivemq)
    const checker = new PasswordChecker(() => 0, new Notes())
    expect(await checker.check(Buffer.from('secret'), reading.password, never)).toBe('wrong')
  })
})

describe('the checker', () => {
  it('knows for 30 seconds what it has computed', async () => {
    let now = 0
    const notes = new Notes()
    const checker = new PasswordChecker(() => now, notes)
    const password = stored(SECRET_100)
    for (const text of ['secret', 'secret', 'wrong', 'wrong']) await checker.check(Buffer.from(text), password, never)
    expect(notes).toMatchObject({ computed: 2, hits: 2 })
    now = 30_000
    expect(await checker.check(Buffer.from('secret'), password, never)).toBe('right')
    expect(notes).toMatchObject({ computed: 3, hits: 2 })
  })

  it('takes no other password for the right one when that is overwritten while its hash is computed', async () => {
    const checker = new PasswordChecker(() => 0, new Notes())
    const given = Buffer.from('secret')
    const verdict = checker.check(given, stored(SECRET_100), never)
    given.fill(0)
    expect(await verdict).toBe('right')
    expect(await checker.check(Buffer.alloc(6), stored(SECRET_100), never)).toBe('wrong')
  })

  it('keeps a thousand of them', async () => {
    const notes = new Notes()
    const checker = new PasswordChecker(() => 0, notes)
    const password = stored(UMLAUTS_1)
    const guess = (i: number): Promise<Verdict> => checker.check(Buffer.from(`guess ${i}`), password, never)
    await Promise.all(Array.from({ length: 1_001 }, (_none, i) => guess(i)))
    await guess(0)
    expect(notes).toMatchObject({ computed: 1_002, hits: 0 })
    await guess(1_000)
    expect(notes).toMatchObject({ computed: 1_002, hits: 1 })
  })

  it('has no time for those who have waited for 20 seconds', async () => {
    let now = 0
    const checker = new PasswordChecker(() => now, new Notes())
    const verdicts = ['secret', 'wrong', 'secret '].map((text) => {
      const verdict = checker.check(Buffer.from(text), stored(SECRET_100), never)
      now += 10_001
      return verdict
    })
    expect(await Promise.all(verdicts)).toEqual(['right', 'busy', 'wrong'])
  })

  it('lets ten thousand wait, and has no time for more, nor for those who have gone', async () => {
    const notes = new Notes()
    const checker = new PasswordChecker(() => 0, notes)
    const gone = new AbortController()
    gone.abort()
    const slow = stored(SECRET_10000)
    const verdicts = [checker.check(Buffer.from('1'), slow, never)]
    for (let i = 0; i < 10_000; i++) verdicts.push(checker.check(Buffer.from('gone'), slow, gone.signal))
    expect(await checker.check(Buffer.from('one too many'), slow, never)).toBe('busy')
    expect((await Promise.all(verdicts)).slice(1).every((verdict) => verdict === 'busy')).toBe(true)
    expect(notes.computed).toBe(1)
  })
})
