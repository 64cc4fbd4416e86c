// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtempDisposable, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatComplaint } from './complaint.ts'
import { MAX_CONFIG_BYTES } from './decode-text.ts'
import { resolveFolders } from './folders.ts'
import { DEFAULT_CONFIG } from './parse-config.ts'
import { readConfig } from './read-config.ts'

function at(config: string): { config: string; home: string } {
  return { config, home: '/home' }
}

function temporaryFolder(): ReturnType<typeof mkdtempDisposable> {
  return mkdtempDisposable(join(tmpdir(), 'config-'))
}

describe('readConfig', () => {
  it('reads config.xml of the folder', async () => {
    await using folder = await temporaryFolder()
    const xml = '<hivemq><mqtt><quality-of-service><max-qos>${QOS}</max-qos></quality-of-service></mqtt></hivemq>'
    await writeFile(join(folder.path, 'config.xml'), `\uFEFF${xml}`)
    const { config, complaints } = await readConfig(at(folder.path), { QOS: '1' })
    expect(config?.settings.maxQos).toBe(1)
    expect(complaints).toEqual([])
  })

  it('names the file in complaints', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'config.xml')
    await writeFile(file, '<hivemq>\r\n<typo/></hivemq>')
    const { complaints } = await readConfig(at(folder.path), {})
    expect(complaints).toEqual([expect.objectContaining({ severity: 'warning', file, line: 2, column: 1 })])
  })

  it('gives the defaults and one warning when there is no file or no folder', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    for (const path of [folder.path, join(folder.path, 'none'), file]) {
      const { config, complaints } = await readConfig(at(path), {})
      expect(config).toEqual(DEFAULT_CONFIG)
      expect(complaints.map((complaint) => complaint.severity)).toEqual(['warning'])
      expect(complaints.map(formatComplaint)).toEqual([
        `${join(path, 'config.xml')}: found no such file, expected the configuration; the defaults are used, with plain MQTT on port 1883 of all addresses`,
      ])
    }
  })

  it('refuses what is there but cannot be read', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'config.xml'))
    const { config, complaints } = await readConfig(at(folder.path), {})
    expect(config).toBeNull()
    expect(complaints.map(formatComplaint)).toEqual([
      `${join(folder.path, 'config.xml')}: found a file that cannot be read (not a regular file), expected a readable file; the broker does not start`,
    ])
  })

  it('does not wait for a pipe', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'config.xml')
    expect(spawnSync('mkfifo', [file]).status).toBe(0)
    const { complaints } = await readConfig(at(folder.path), {})
    expect(complaints.map(({ found }) => found)).toEqual(['a file that cannot be read (not a regular file)'])
  })

  it('refuses 100 MB without reading them', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'config.xml')
    await writeFile(file, '<hivemq/>')
    await truncate(file, 100 * 1024 ** 2)
    const { complaints } = await readConfig(at(folder.path), {})
    expect(complaints.map(({ found }) => found)).toEqual([`more than ${MAX_CONFIG_BYTES} bytes`])
  })

  it('refuses a file beyond the cap', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'config.xml')
    await writeFile(file, `<hivemq>${' '.repeat(MAX_CONFIG_BYTES - 17)}</hivemq>`)
    expect((await readConfig(at(folder.path), {})).complaints).toEqual([])
    await writeFile(file, `<hivemq>${' '.repeat(MAX_CONFIG_BYTES - 16)}</hivemq>`)
    expect((await readConfig(at(folder.path), {})).config).toBeNull()
  })

  it('reads the sample that comes with the broker', async () => {
    const folders = resolveFolders({}, join(import.meta.dirname, '../../home'))
    expect(await readConfig(folders, {})).toMatchObject({ config: DEFAULT_CONFIG, complaints: [] })
  })
})
