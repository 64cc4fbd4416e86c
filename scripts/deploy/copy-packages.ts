// SPDX-License-Identifier: Apache-2.0
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'

// What is left of node_modules in the image: lmdb with what it needs, for it has a native part and stays outside the bundle.

/** Of the native part there are builds for older versions of Node and for another libc, 4 MB each. */
const NATIVE_FILE = 'node.napi.glibc.node'

/** `architecture` as Node calls it: x64, arm64. */
export function copyPackages(modules: string, architecture: string, target: string): void {
  const names = new Set(['lmdb', `@lmdb/lmdb-linux-${architecture}`])
  // What is added on the way is visited too.
  for (const name of names) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>
    }
    for (const dependency of Object.keys(dependencies)) {
      if (existsSync(join(modules, dependency))) names.add(dependency)
    }
    cpSync(join(modules, name), join(target, name), { recursive: true, filter: isNeeded })
  }
}

function isNeeded(path: string): boolean {
  // Some packages are published with the working folders of their authors.
  if (/node_modules\/.*\/\./.test(path)) return false
  if (statSync(path).isDirectory()) return !/node_modules\/[^.]+\/(?:benchmarks?|dependencies|src|test)$/.test(path)
  if (path.endsWith('.node')) return basename(path) === NATIVE_FILE
  return /\.[cm]?js$|package\.json$|licen[cs]e/i.test(path) && !/\.min\.|\btest/.test(basename(path))
}

if (import.meta.main) {
  const [target] = process.argv.slice(2)
  if (target === undefined) throw new Error('usage: copy-packages.ts FOLDER')
  copyPackages(join(import.meta.dirname, '../../node_modules'), process.arch, target)
}
