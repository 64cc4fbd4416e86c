// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempDisposableSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { credentialsXml } from '../../test/support/file-rbac.ts'
import { LogNotes } from '../../test/support/extension-broker.ts'
import { CredentialsFile } from './credentials-file.ts'
import { DEFAULT_CONFIG } from './extension-config.ts'

/** Users and roles of one file all have its name, so that a mixture of two would be seen. */
function xml(name: string, users = 1): string {
  const all = Array.from({ length: users }, (_none, i) => ({ name: `${name}-${i}`, password: 'secret', roles: [name] }))
  return credentialsXml(all, { [name]: ['<topic>a</topic>'] })
}

class Scene implements Disposable {
  readonly #folder = mkdtempDisposableSync(join(tmpdir(), 'waggle-credentials-'))
  readonly log = new LogNotes()
  readonly credentials = new CredentialsFile(
    this.path(),
    { ...DEFAULT_CONFIG, passwordType: 'PLAIN' },
    this.log,
    () => 0,
  )

  path(...names: readonly string[]): string {
    return join(this.#folder.path, ...names)
  }

  /** The names of the file that is in force. */
  async refreshed(): Promise<string | undefined> {
    await this.credentials.refresh()
    return this.credentials.credentials?.roles.keys().next().value
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}

describe('credentials.xml on the disk', () => {
  it('is followed through the links of a ConfigMap', async () => {
    using scene = new Scene()
    for (const version of ['one', 'two']) {
      mkdirSync(scene.path(version))
      writeFileSync(scene.path(version, 'credentials.xml'), xml(version))
    }
    symlinkSync('one', scene.path('..data'))
    symlinkSync(join('..data', 'credentials.xml'), scene.path('credentials.xml'))
    expect(await scene.refreshed()).toBe('one')
    symlinkSync('two', scene.path('..data_tmp'))
    renameSync(scene.path('..data_tmp'), scene.path('..data'))
    rmSync(scene.path('one'), { recursive: true })
    expect(await scene.refreshed()).toBe('two')
  })

  it('is one or the other while files take its place, never a bit of both', async () => {
    using scene = new Scene()
    const file = scene.path('credentials.xml')
    const texts = ['one', 'two'].map((name) => xml(name, 2_000))
    writeFileSync(file, texts[0]!)
    const seen = new Set<string>()
    for (let i = 0; i < 40; i++) {
      const reading = scene.refreshed()
      writeFileSync(scene.path('new'), texts[i % 2]!)
      // At another point of the reading each time.
      for (let turn = 0; turn < i % 8; turn++) await new Promise(setImmediate)
      renameSync(scene.path('new'), file)
      seen.add((await reading)!)
      const { users, roles } = scene.credentials.credentials!
      expect([...users.keys()].every((name) => roles.has(name.split('-')[0]!))).toBe(true)
    }
    expect([...seen].toSorted()).toEqual(['one', 'two'])
    expect(scene.log.warnings.filter((line) => !line.includes('could not be written'))).toEqual([])
  })

  it('that is written bit by bit leaves in force what was, and is looked at again soon', async () => {
    using scene = new Scene()
    const file = scene.path('credentials.xml')
    const whole = xml('two')
    writeFileSync(file, xml('one'))
    expect(await scene.refreshed()).toBe('one')
    expect(scene.credentials.isValid).toBe(true)
    for (const length of [0, 1, whole.length / 2, whole.length - 1]) {
      writeFileSync(file, whole.slice(0, length))
      expect(await scene.refreshed()).toBe('one')
      expect(scene.credentials.isValid).toBe(false)
    }
    writeFileSync(file, whole)
    expect(await scene.refreshed()).toBe('two')
    expect(scene.credentials.isValid).toBe(true)
  })

  it('may be something else than a file: that is told once, and what was stays in force', async () => {
    using scene = new Scene()
    const file = scene.path('credentials.xml')
    writeFileSync(file, xml('one'))
    await scene.refreshed()
    const becomes = async (make: () => void): Promise<void> => {
      rmSync(file, { recursive: true })
      make()
      expect(await scene.refreshed()).toBe('one')
      expect(await scene.refreshed()).toBe('one')
    }
    await becomes(() => mkdirSync(file))
    await becomes(() => execFileSync('mkfifo', [file]))
    await becomes(() => symlinkSync('credentials.xml', file))
    await becomes(() => {
      writeFileSync(file, '')
      truncateSync(file, 64 * 1024 * 1024 + 1)
    })
    expect(scene.log.warnings.map((line) => line.replace(/.* cannot be read: /, ''))).toEqual([
      'it is no file',
      expect.stringContaining('ELOOP'),
      'it has 67108865 bytes, more than 67108864',
    ])
  })
})
