// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

const HIVEMQ = 10_000
const BUCKETS = 64

/** What HiveMQ CE 2024.1 leaves in its data folder; the content of the stores is of no matter, no byte of it may change. */
export function writeHivemqData(folder: string): void {
  const write = (name: string, content: string | Buffer): void => {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content, { mode: 0o644 })
  }
  write('data.lock', '')
  write('meta.id', '9f0c3c5e-8c2c-4c51-9d0a-51c0c1a0b9d7')
  write('metadata/versions.hmq', randomBytes(64))
  write('tmp/upgrade.tmp', '')
  mkdirSync(join(folder, 'diagnostics'), { recursive: true })
  for (const name of ['client_queue/040500', 'client_session_store/040000', 'client_session_subscriptions/040000']) {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const database = `persistence/${name}/${name.split('/')[0]}_${bucket}`
      write(`${database}/00000000000.xd`, randomBytes(256))
      write(`${database}/xd.lck`, 'Private property of Exodus')
    }
  }
  for (const name of ['retained_messages/040500_R', 'publish_payload_store/040500_R']) {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const database = `persistence/${name}/${name.split('/')[0]}_${bucket}`
      write(`${database}/000004.log`, randomBytes(256))
      write(`${database}/CURRENT`, 'MANIFEST-000005\n')
      write(`${database}/LOCK`, '')
    }
  }
  for (const path of pathsIn(folder)) lchownSync(join(folder, path), HIVEMQ, HIVEMQ)
  chownSync(folder, HIVEMQ, HIVEMQ)
  chmodSync(folder, 0o700)
}

/** Each path with all that matters to a program that finds it again: kind, owner, mode, time of change, content. */
export function inventory(
  folder: string,
  isWanted: (path: string) => boolean = () => true,
): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  for (const path of pathsIn(folder).filter((name) => isWanted(name))) {
    const stat = lstatSync(join(folder, path))
    const hash = stat.isFile()
      ? createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex')
      : ''
    const time = stat.isFile() ? stat.mtimeMs : 0
    entries.set(path, [stat.mode.toString(8), stat.uid, stat.gid, time, hash].join(' '))
  }
  return entries
}

/** What is missing or different in the second, with what is new if `strict`. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before].filter(([path, entry]) => after.get(path) !== entry).map(([path]) => path)
}

function pathsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
}
