// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { usedBytes } from '../../../test/support/collect-garbage.ts'
import { StoreFault } from '../store-fault.ts'
import { lockFolder } from './folder-lock.ts'

const MODULE = join(import.meta.dirname, 'folder-lock.ts')

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waggle-lock-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** A process that wants the folder, and keeps it until it is killed; `said` is what came of it. */
async function rival(prepare = ''): Promise<{ child: ChildProcess; said: string } & AsyncDisposable> {
  const script = `
    const { lockFolder } = await import(${JSON.stringify(MODULE)})
    ${prepare}
    try {
      lockFolder(${JSON.stringify(folder)})
      console.log('locked')
      setInterval(() => {}, 60_000)
    } catch (error) {
      console.log(error.name + ': ' + error.message)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    child,
    said: output.toString().trimEnd(),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

const inUse = (): string =>
  `Another Waggle is using the data folder ${folder}. Stop it first, or give this one a folder of its own with HIVEMQ_DATA_FOLDER.`

describe('lockFolder', () => {
  it('keeps other processes out until it is released', async () => {
    const lock = lockFolder(folder)
    await using refused = await rival()
    expect(refused.said).toBe(`StoreFault: ${inUse()}`)
    lock.release()
    await using admitted = await rival()
    expect(admitted.said).toBe('locked')
  })

  it('keeps out a second one in the same process', () => {
    const lock = lockFolder(folder)
    expect(() => lockFolder(folder)).toThrow(new StoreFault(inUse()))
    lock.release()
    lock.release()
    lockFolder(folder).release()
  })

  it('ends with the process, also when that is killed', async () => {
    await using first = await rival()
    expect(() => lockFolder(folder)).toThrow(new StoreFault(inUse()))
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    lockFolder(folder).release()
  })

  it('does not end because nobody holds on to it', async () => {
    lockFolder(folder)
    // Collects everything that can be.
    usedBytes()
    await using refused = await rival()
    expect(refused.said).toBe(`StoreFault: ${inUse()}`)
  })

  it('leaves one empty file behind', async () => {
    await using first = await rival()
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    expect(await readdir(folder)).toEqual(['waggle.lock'])
    expect((await stat(join(folder, 'waggle.lock'))).size).toBe(0)
  })

  it('says which file it could not lock', async () => {
    const missing = join(folder, 'missing')
    expect(() => lockFolder(missing)).toThrow(
      new StoreFault(
        `Could not lock ${join(missing, 'waggle.lock')} (unable to open database file). The data folder has to exist, to be writable, and to be on a file system that has locks.`,
      ),
    )
    await writeFile(join(folder, 'waggle.lock'), 'not a lock'.repeat(100))
    expect(() => lockFolder(folder)).toThrow(`Could not lock ${join(folder, 'waggle.lock')} (file is not a database)`)
  })

  it('does not take a file that it may only read', async () => {
    const file = join(folder, 'waggle.lock')
    await writeFile(file, '')
    await chmod(file, 0o444)
    await chmod(folder, 0o777)
    // Root may write whatever it may read.
    const nobody = 65_534
    const isRoot = process.getuid!() === 0
    if (isRoot) await chown(folder, nobody, nobody)
    await using refused = await rival(isRoot ? `process.setgid(${nobody}); process.setuid(${nobody})` : '')
    expect(refused.said).toMatch(/^StoreFault: Could not lock .*\(attempt to write a readonly database\)/)
  })
})
