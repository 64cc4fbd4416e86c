// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { open } from 'lmdb'
import { describe, expect, it } from 'vitest'
import { JournaledFolder } from '../support/power-loss/journaled-folder.ts'
import { canTestPowerLoss } from '../support/power-loss/shim.ts'
import { OLDEST } from '../support/power-loss/volatile-file.ts'
import { randomNumbers } from '../support/random.ts'
import { RemoteClient, textOf } from '../support/remote-client.ts'
import { isLongRun, seed } from '../support/run-budget.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import type { LaunchOptions } from '../support/waggle-process.ts'

// A store that cannot be opened safely keeps the broker from starting: one line says what was found where and what to do,
// and nothing is changed. What was merely left unfinished is no fault.

const ERROR = ' ERROR - '
const QUEUED = 120
const RETAINED = 40
const HELP = 'Restore the file from a backup, or move it away to start with an empty store.'
const OWNER = 'It must belong to the user that runs Waggle.'

/** root may read and write everything, unless this takes that right away. */
const WITHOUT_RIGHTS: LaunchOptions =
  process.getuid?.() === 0 ? { prefix: ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] } : {}

/** Everything below a folder, by what is in it. Of the locks only the names count, and the file of ours is made by any start. */
function contentsOf(folder: string): Record<string, string> {
  if (statSync(folder).isFile()) return { '': readFileSync(folder, 'latin1') }
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.endsWith('lock'))
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name)
      return [name, statSync(path).isFile() ? hash('sha1', readFileSync(path)) : 'folder']
    }),
  )
}

/** Starts a broker that must refuse with one line and leave everything as it is. Returns what it says. */
async function refusal(home: WaggleHome, options: LaunchOptions = {}): Promise<string> {
  const data = join(home.folder, 'data')
  const before = contentsOf(data)
  const waggle = await home.launch('', options)
  const outcome = await waggle.outcome()
  const lines = waggle.log.trimEnd().split('\n')
  const graveLines = lines.filter((line) => !line.includes(' INFO  - '))
  expect([outcome, ...graveLines]).toEqual([1, expect.stringContaining(ERROR)])
  expect(contentsOf(data)).toEqual(before)
  return graveLines[0]!.slice(graveLines[0]!.indexOf(ERROR) + ERROR.length)
}

/** A home whose store was used and closed. */
async function usedHome(): Promise<WaggleHome> {
  const home = new WaggleHome()
  const waggle = await home.start()
  const reader = await RemoteClient.connect(waggle.port, 'reader', { isPersistent: true })
  await reader.subscribe(['queued/#'], 1)
  await reader.disconnect()
  const publisher = await RemoteClient.connect(waggle.port, 'publisher')
  for (let i = 0; i < QUEUED; i++) await publisher.publish('queued/message', payloadOf(i), { qos: 1 })
  for (let i = 0; i < RETAINED; i++) await publisher.publish(`retained/${i}`, payloadOf(i), { qos: 1, retain: true })
  expect(await waggle.stop()).toBe(0)
  return home
}

function payloadOf(number: number): string {
  return `${number} `.padEnd(20 + number * 50, 'x')
}

/** All that `usedHome` has stored is there. */
async function checkUsed(port: number): Promise<void> {
  const reader = await RemoteClient.connect(port, 'reader', { isPersistent: true })
  expect(reader.sessionPresent).toBe(true)
  for (let i = 0; i < QUEUED; i++) expect(textOf(await reader.nextMessage())).toBe(payloadOf(i))
  const other = await RemoteClient.connect(port, 'other')
  await other.subscribe(['retained/#'], 0)
  const retained = new Set<string>()
  for (let i = 0; i < RETAINED; i++) retained.add(textOf(await other.nextMessage()))
  expect(retained.size).toBe(RETAINED)
}

describe('a data file', () => {
  it('that was cut off is refused, unless nothing of it is missing', async () => {
    await using home = await usedHome()
    const file = join(home.store, 'waggle.mdb')
    const whole = readFileSync(file)
    // Behind it there is only room for what comes.
    const used = whole.findLastIndex((byte) => byte !== 0) + 1
    const lengths = [0, 1, 100, 4_096, 5_000, 8_192, 20_000, used >> 2, used >> 1, used - 4_096, used - 1]
    for (const rest of lengths) {
      writeFileSync(file, whole.subarray(0, rest))
      expect(await refusal(home)).toMatch(
        /^\S+waggle\.mdb is damaged: .* Restore the file from a backup, or move it away/,
      )
    }
    writeFileSync(file, whole.subarray(0, whole.length - 1))
    const waggle = await home.start()
    await checkUsed(waggle.port)
    expect(await waggle.stop()).toBe(0)
  })

  it.each<[string, (file: string) => void]>([
    ['a text', (file) => writeFileSync(file, 'Dear diary,\n'.repeat(2_000))],
    ['a short text', (file) => writeFileSync(file, 'Dear diary\n')],
    ['nothing but zeros', (file) => writeFileSync(file, Buffer.alloc(100_000))],
    [
      "SQLite's",
      (file) => {
        const database = new DatabaseSync(file)
        database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
        database.close()
      },
    ],
  ])('of something else is refused: %s', async (_name, write) => {
    await using home = new WaggleHome()
    mkdirSync(home.store, { recursive: true })
    const file = join(home.store, 'waggle.mdb')
    write(file)
    const line = await refusal(home)
    expect(line).toMatch(/ is damaged: .*|is not a store of Waggle/)
    expect(line.startsWith(`${file} is `)).toBe(true)
    expect(line).toContain(HELP)
  })

  it('of another program that has LMDB too is refused', async () => {
    await using home = new WaggleHome()
    mkdirSync(home.store, { recursive: true })
    const file = join(home.store, 'waggle.mdb')
    const database = open<string, string>({ path: file })
    await database.put('key', 'of another program')
    await database.close()
    rmSync(`${file}-lock`, { force: true })
    const line = await refusal(home)
    expect(line).toBe(`${file} is not a store of Waggle. ${HELP}`)
  })

  it("of a newer version is refused: Waggle's, LMDB's", async () => {
    await using home = await usedHome()
    const file = join(home.store, 'waggle.mdb')
    const whole = readFileSync(file)
    const root = open<Buffer, Buffer>({ path: file, maxDbs: 32, encoding: 'binary', keyEncoding: 'binary' })
    const meta = root.openDB<Buffer, Buffer>('meta', { encoding: 'binary', keyEncoding: 'binary' })
    await meta.put(Buffer.from('format'), Buffer.from([2, 0, 0, 0]))
    await root.close()
    rmSync(`${file}-lock`, { force: true })
    expect(await refusal(home)).toBe(
      `${file} was written by a newer Waggle: its format is 2, and this version knows 1. ` +
        'Start the newer version, or move the file away to start with an empty store.',
    )
    for (const page of [0, 4_096]) whole.writeUInt16LE(3, page + 0x1c)
    writeFileSync(file, whole)
    expect(await refusal(home)).toBe(`${file} is an LMDB file of version 3, and 2 was expected. ${HELP}`)
  })

  it('that is none is refused', async () => {
    await using home = new WaggleHome()
    const file = join(home.store, 'waggle.mdb')
    mkdirSync(file, { recursive: true })
    expect(await refusal(home)).toMatch(`${file} cannot be opened: EISDIR`)
  })

  it('that it may not write is refused', async () => {
    await using home = await usedHome()
    const file = join(home.store, 'waggle.mdb')
    chmodSync(file, 0o444)
    const line = await refusal(home, WITHOUT_RIGHTS)
    expect(line).toContain(`${file} cannot be opened: EACCES`)
    expect(line).toContain('belongs to the user that runs Waggle.')
  })
})

describe('a data folder', () => {
  it('that may not be written is refused, and so is one that cannot be made', async () => {
    await using home = await usedHome()
    chmodSync(home.store, 0o555)
    const line = await refusal(home, WITHOUT_RIGHTS)
    expect(line).toContain(`The data folder ${home.store} cannot be written`)
    expect(line).toContain(OWNER)
    chmodSync(home.store, 0o755)
    renameSync(home.store, `${home.store}.away`)
    chmodSync(dirname(home.store), 0o555)
    const other = await refusal(home, WITHOUT_RIGHTS)
    expect(other).toContain(`The data folder ${home.store} cannot be written`)
    expect(other).toContain(OWNER)
    chmodSync(dirname(home.store), 0o755)
  })

  it('that is a file is refused', async () => {
    await using home = new WaggleHome()
    mkdirSync(dirname(home.store), { recursive: true })
    writeFileSync(home.store, 'a file')
    expect(await refusal(home)).toContain(`The data folder ${home.store} cannot be written`)
    rmSync(dirname(home.store), { recursive: true })
    writeFileSync(dirname(home.store), 'a file')
    expect(await refusal(home)).toContain(`The data folder ${home.store} cannot be written`)
  })

  it('that another broker uses is refused, and that one does not notice', async () => {
    await using home = await usedHome()
    const waggle = await home.start()
    expect(await refusal(home)).toBe(
      `Another Waggle is using the data folder ${home.store}. Stop it first, or give this one a folder of its own with ` +
        'HIVEMQ_DATA_FOLDER.',
    )
    await checkUsed(waggle.port)
    expect(await waggle.stop()).toBe(0)
  })

  it('whose lock file is something else is refused', async () => {
    await using home = await usedHome()
    const file = join(home.store, 'waggle.lock')
    rmSync(file)
    mkdirSync(file)
    expect(await refusal(home)).toContain(`Could not lock ${file}`)
  })
})

describe('a first start', () => {
  it.runIf(canTestPowerLoss)('that the power ended at any moment is made good by the next', async () => {
    const random = randomNumbers(seed)
    await using home = new WaggleHome()
    mkdirSync(home.store, { recursive: true })
    using disk = new JournaledFolder(home.store)
    await (await home.start('', { env: disk.environment })).kill()
    const step = isLongRun ? 1 : 5
    for (let moment = random(step); moment <= disk.records.length; moment += step) {
      disk.losePower(random(2) === 0 ? OLDEST : (newest) => random(newest + 1), moment)
      const waggle = await home.start()
      expect(waggle.log).not.toContain('ERROR')
      await waggle.kill()
    }
  })
})
