// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JournalRecord } from '../support/power-loss/journal.ts'
import { JournaledFolder } from '../support/power-loss/journaled-folder.ts'
import { canTestPowerLoss } from '../support/power-loss/shim.ts'
import { NEWEST, OLDEST, type Pick } from '../support/power-loss/volatile-file.ts'
import { Volume } from '../support/power-loss/volume.ts'
import { randomNumbers } from '../support/random.ts'

// The crash tests stand on this: that what they call lost power loses what a disk may lose, and nothing else.

const LMDB = createRequire(import.meta.url).resolve('lmdb')
const COMMITS = 24
/** So many of the last commits keep their records; the pages of others are used again. */
const KEPT = 8

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waggle-power-loss-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Runs a program in the folder, with node:fs in `fs`, and kills it at its end. Each line that it writes becomes a mark. */
async function run(disk: JournaledFolder, program: string): Promise<void> {
  const script = `const fs = require('node:fs'); (async () => { ${program} })().then(() => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', script], {
    cwd: folder,
    env: { ...process.env, ...disk.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trimEnd().split('\n')) disk.mark(line)
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
}

/** What is in the folder after the power went at the end of the program: names and contents. */
async function afterPowerLoss(program: string, pick: Pick): Promise<Record<string, string>> {
  using disk = new JournaledFolder(folder)
  await run(disk, program)
  disk.losePower(pick)
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]))
}

/** The record of a commit: of several pages, every third time. */
const valueOf = (commit: number): string => String(commit).repeat(commit % 3 === 0 ? 5_000 : 50)

/** A program that commits, and writes the number of each commit when that is done. */
function commitsOf(options: object): string {
  return `
    const valueOf = ${String(valueOf)}
    const database = require(${JSON.stringify(LMDB)}).open({ path: 'test.mdb', ...${JSON.stringify(options)} })
    for (let commit = 1; commit <= ${COMMITS}; commit++) {
      await database.batch(() => {
        database.put(commit, valueOf(commit))
        database.remove(commit - ${KEPT})
      })
      await database.flushed
      fs.writeSync(1, commit + '\\n')
    }`
}

/** The last commit that the file has, whose records are all there. */
async function lastCommit(options: object): Promise<number> {
  const database = open<string, number>({ path: join(folder, 'test.mdb'), ...options })
  const found = [...database.getRange()].map(({ key, value }) => {
    expect(value).toBe(valueOf(key))
    return key
  })
  await database.close()
  const last = found.at(-1) ?? 0
  const first = Math.max(1, last - KEPT + 1)
  expect(found).toEqual(Array.from({ length: last - first + 1 }, (_none, index) => first + index))
  return last
}

describe.runIf(canTestPowerLoss)('a power loss', () => {
  const OPEN = `const file = fs.openSync('a', 'w+'); fs.fsyncSync(file);`

  it.each([
    ['write', `fs.writeSync(file, 'new')`],
    ['pwrite', `fs.writeSync(file, 'new', 0)`],
    ['writev', `fs.writevSync(file, [Buffer.from('n'), Buffer.from('ew')])`],
    ['pwritev', `fs.writevSync(file, [Buffer.from('n'), Buffer.from('ew')], 0)`],
    ['a write on another thread', `await fs.promises.writeFile('a', 'new')`],
  ])('takes what was written and not synced: %s', async (_name, write) => {
    expect(await afterPowerLoss(`${OPEN} ${write}`, OLDEST)).toEqual({ a: '' })
    expect(await afterPowerLoss(`${OPEN} ${write}`, NEWEST)).toEqual({ a: 'new' })
  })

  it.each([
    ['fsync', `${OPEN} fs.writeSync(file, 'new'); fs.fsyncSync(file)`],
    ['fdatasync', `${OPEN} fs.writeSync(file, 'new'); fs.fdatasyncSync(file)`],
    ['another descriptor', `${OPEN} fs.writeSync(file, 'new'); fs.fsyncSync(fs.openSync('a', 'r+'))`],
    [
      'O_DSYNC',
      `fs.writeSync(fs.openSync('a', fs.constants.O_CREAT | fs.constants.O_WRONLY | fs.constants.O_DSYNC), 'new')`,
    ],
  ])('leaves what was synced: %s', async (_name, program) => {
    expect(await afterPowerLoss(program, OLDEST)).toEqual({ a: 'new' })
    expect(await afterPowerLoss(`${program}; fs.writeSync(fs.openSync('a', 'r+'), 'later')`, OLDEST)).toEqual({
      a: 'new',
    })
  })

  it('takes what came after the sync, at whatever place', async () => {
    const program = `${OPEN}
      fs.writeSync(file, 'x'.repeat(1000)); fs.fsyncSync(file)
      fs.writeSync(file, 'y'.repeat(100), 450); fs.ftruncateSync(file, 800); fs.writeSync(file, 'z', 999)`
    const synced = 'x'.repeat(1000)
    expect(await afterPowerLoss(program, OLDEST)).toEqual({ a: synced })
    const written = `${'x'.repeat(450)}${'y'.repeat(100)}${'x'.repeat(250)}${'\0'.repeat(199)}z`
    expect(await afterPowerLoss(program, NEWEST)).toEqual({ a: written })
  })

  it('leaves of each sector what it held at some time since the sync', async () => {
    const program = `${OPEN}
      for (const letter of 'abc') { fs.writeSync(file, letter.repeat(1024), 0); if (letter === 'a') fs.fsyncSync(file) }`
    const random = randomNumbers(1)
    const seen = new Set<string>()
    using disk = new JournaledFolder(folder)
    await run(disk, program)
    for (let i = 0; i < 100; i++) {
      disk.losePower((newest) => random(newest + 1))
      const bytes = readFileSync(join(folder, 'a'), 'latin1')
      expect(bytes).toMatch(/^(a{512}|b{512}|c{512}){2}$/)
      seen.add(`${bytes[0]}${bytes[512]}`)
    }
    expect([...seen].toSorted()).toEqual(['aa', 'ab', 'ac', 'ba', 'bb', 'bc', 'ca', 'cb', 'cc'])
  })

  it('goes back to any moment', async () => {
    using disk = new JournaledFolder(folder)
    await run(disk, `${OPEN} for (const letter of 'abc') { fs.writeSync(file, letter, 0); fs.fsyncSync(file) }`)
    const contents = disk.records.map((_record, index) => {
      disk.losePower(OLDEST, index + 1)
      return existsSync(join(folder, 'a')) ? readFileSync(join(folder, 'a'), 'latin1') : 'none'
    })
    expect([...new Set(contents)]).toEqual(['none', '', 'a', 'b', 'c'])
  })

  it('leaves files that nobody has touched, and of others what was there before', async () => {
    writeFileSync(join(folder, 'a'), 'old')
    writeFileSync(join(folder, 'b'), 'other')
    expect(await afterPowerLoss(`fs.writeSync(fs.openSync('a', 'r+'), 'new')`, OLDEST)).toEqual({
      a: 'old',
      b: 'other',
    })
    expect(await afterPowerLoss(`fs.openSync('a', 'w')`, OLDEST)).toEqual({ a: 'old', b: 'other' })
    expect(await afterPowerLoss(`fs.openSync('a', 'w')`, NEWEST)).toEqual({ a: '', b: 'other' })
  })

  it('is about the files of the folder alone, also when a descriptor stands for something else later', async () => {
    const program = `fs.writeSync(fs.openSync('a', 'w'), 'new'); fs.closeSync(fs.openSync('a', 'r+'))
      fs.writeSync(fs.openSync('/dev/null', 'w'), 'elsewhere'); fs.fsyncSync(fs.openSync('/', 'r'))`
    expect(await afterPowerLoss(program, OLDEST)).toEqual({})
    expect(await afterPowerLoss(program, NEWEST)).toEqual({ a: 'new' })
  })

  it('does not take for synced what another thread writes during the sync', () => {
    const volume = new Volume([{ name: 'a', inode: 1n, bytes: Buffer.from('old') }])
    const write = (text: string): JournalRecord => {
      return { type: 'written', inode: 1n, offset: 0, bytes: Buffer.from(text), isSynced: false }
    }
    volume.apply(write('one'))
    volume.apply({ type: 'sync-begins', inode: 1n, sync: 1 })
    volume.apply(write('two'))
    volume.apply({ type: 'sync-begins', inode: 1n, sync: 2 })
    volume.apply({ type: 'sync-ends', inode: 1n, sync: 1 })
    const contents = (): string => {
      volume.writeAfterPowerLoss(folder, OLDEST)
      return readFileSync(join(folder, 'a'), 'latin1')
    }
    expect(contents()).toBe('one')
    volume.apply({ type: 'sync-ends', inode: 1n, sync: 2 })
    expect(contents()).toBe('two')
  })

  it('may take names, until their folder or the new file itself is synced', async () => {
    const syncFolder = `fs.fsyncSync(fs.openSync('.', 'r'))`
    expect(await afterPowerLoss(`fs.writeFileSync('new', '1')`, OLDEST)).toEqual({})
    expect(await afterPowerLoss(`fs.writeFileSync('new', '1'); ${syncFolder}`, OLDEST)).toEqual({ new: '' })
    writeFileSync(join(folder, 'new'), 'old')
    const replace = `fs.writeFileSync('tmp', 'new', { flush: true }); fs.renameSync('tmp', 'new')`
    expect(await afterPowerLoss(replace, OLDEST)).toEqual({ new: 'old', tmp: 'new' })
    rmSync(join(folder, 'tmp'))
    expect(await afterPowerLoss(`${replace}; ${syncFolder}`, OLDEST)).toEqual({ new: 'new' })
    expect(await afterPowerLoss(`fs.unlinkSync('new')`, OLDEST)).toEqual({ new: 'new' })
    expect(await afterPowerLoss(`fs.unlinkSync('new'); fs.writeFileSync('next', '')`, NEWEST)).toEqual({ next: '' })
    expect(await afterPowerLoss(`fs.unlinkSync('next'); ${syncFolder}`, OLDEST)).toEqual({})
  })

  it('comes with another boot id', async () => {
    const program = `fs.writeFileSync('boot', fs.readFileSync('/proc/sys/kernel/random/boot_id'), { flush: true })`
    const ids = [(await afterPowerLoss(program, OLDEST))['boot'], (await afterPowerLoss(program, OLDEST))['boot']]
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/)
    expect(ids[0]).not.toBe(ids[1])
  })

  it.each([
    ['as the store opens it', { overlappingSync: false }],
    ["with LMDB's defaults", {}],
  ])('leaves everything that LMDB has committed, at every moment: %s', async (_name, options) => {
    using disk = new JournaledFolder(folder)
    await run(disk, commitsOf(options))
    const random = randomNumbers(1)
    let committed = 0
    for (const [index, record] of disk.records.entries()) {
      if (record.type === 'mark') committed = Number(record.text)
      if (committed === 0) continue
      for (const pick of [OLDEST, (newest: number) => random(newest + 1)]) {
        disk.losePower(pick, index + 1)
        expect(await lastCommit(options)).toBeGreaterThanOrEqual(committed)
      }
    }
    expect(committed).toBe(COMMITS)
  })

  it('takes what LMDB has committed without syncing', async () => {
    using disk = new JournaledFolder(folder)
    await run(disk, commitsOf({ noSync: true }))
    disk.losePower(OLDEST)
    expect(existsSync(join(folder, 'test.mdb'))).toBe(false)
  })
})
