// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Keys = Readonly<Record<string, string | Buffer>>

const DATA = '..data'

/**
 * A ConfigMap or Secret as the kubelet lays it out: the files in a folder with the time in its name, `..data` a link to it, and
 * each key a link through `..data`. A change is a new folder and one rename.
 */
export class MountedKeys {
  readonly folder: string
  #version = 0
  #names: readonly string[] = []

  constructor(folder: string, keys: Keys) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    this.update(keys)
  }

  update(keys: Keys): void {
    const version = `..2026_11_23_16_05_12.${String(++this.#version).padStart(9, '0')}`
    mkdirSync(join(this.folder, version))
    for (const [name, content] of Object.entries(keys)) writeFileSync(join(this.folder, version, name), content)
    const old = this.#version > 1 ? readlinkSync(join(this.folder, DATA)) : null
    symlinkSync(version, join(this.folder, `${DATA}_tmp`))
    renameSync(join(this.folder, `${DATA}_tmp`), join(this.folder, DATA))
    const names = Object.keys(keys)
    for (const name of names) {
      if (!this.#names.includes(name)) symlinkSync(join(DATA, name), join(this.folder, name))
    }
    for (const name of this.#names) {
      if (!names.includes(name)) rmSync(join(this.folder, name))
    }
    if (old !== null) rmSync(join(this.folder, old), { recursive: true })
    this.#names = names
  }
}
