// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import packageLock from '../../package-lock.json' with { type: 'json' }
import { copyPackages } from './copy-packages.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy/docker')

/** As npm lays them out, with what must not come along. */
function modulesOf(architecture: string): string[] {
  const native = `@lmdb/lmdb-linux-${architecture}`
  return [
    ...['index.js', 'README.md', 'node.abi115.glibc.node', 'node.napi.glibc.node', 'node.napi.musl.node'].map(
      (name) => `${native}/${name}`,
    ),
    ...['index.js', 'LICENSE', 'index.d.ts', 'src/lmdb.cpp', 'dependencies/lmdb/mdb.js', 'test/index.test.js'].map(
      (name) => `lmdb/${name}`,
    ),
    ...['index.js', 'dist/index.min.js', '.cache/index.js', 'test/test.js'].map((name) => `msgpackr/${name}`),
    'mqtt/index.js',
  ]
}

it.each(['x64', 'arm64'])('copies lmdb for %s, what it needs, and the one native file of that architecture', (cpu) => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-packages-'))
  try {
    const modules = join(folder, 'node_modules')
    const write = (name: string, text: string): void => {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      writeFileSync(join(modules, name), text)
    }
    for (const name of modulesOf(cpu)) write(name, '')
    write('lmdb/package.json', JSON.stringify({ dependencies: { msgpackr: '^1', 'not-installed': '^1' } }))
    for (const name of ['msgpackr', 'mqtt', `@lmdb/lmdb-linux-${cpu}`]) write(`${name}/package.json`, '{}')
    const target = join(folder, 'image/node_modules')
    copyPackages(modules, cpu, target)
    const files = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.map(({ parentPath, name }) => join(parentPath, name).slice(target.length + 1)).toSorted()).toEqual([
      `@lmdb/lmdb-linux-${cpu}/index.js`,
      `@lmdb/lmdb-linux-${cpu}/node.napi.glibc.node`,
      `@lmdb/lmdb-linux-${cpu}/package.json`,
      'lmdb/LICENSE',
      'lmdb/index.js',
      'lmdb/package.json',
      'msgpackr/index.js',
      'msgpackr/package.json',
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('the image has the same version of lmdb on amd64 and arm64, and nothing else in it names an architecture', () => {
  const { version } = packageLock.packages['node_modules/lmdb']
  for (const cpu of ['x64', 'arm64'] as const) {
    expect(packageLock.packages[`node_modules/@lmdb/lmdb-linux-${cpu}`]).toMatchObject({ version, cpu: [cpu] })
  }
  for (const name of ['packages', 'build-root.sh', 'docker-entrypoint.sh', 'find-home.sh', 'java', 'waggle']) {
    expect(readFileSync(join(DEPLOY, name), 'utf8')).not.toMatch(/amd64|arm64|x86|aarch64|\bx64\b/)
  }
})
