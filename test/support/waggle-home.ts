// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type LaunchOptions, WaggleProcess } from './waggle-process.ts'

/** A home folder in which one broker after the other is started. */
export class WaggleHome implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'waggle-home-'))
  readonly #processes: WaggleProcess[] = []

  /** Where the store is. */
  get store(): string {
    return join(this.folder, 'data', 'waggle')
  }

  /** Writes a file, with the folders above it. */
  write(name: string, text: string): void {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }

  /** Starts a broker and waits until it is ready. */
  async start(config = '', options: LaunchOptions = {}): Promise<WaggleProcess> {
    const waggle = await this.launch(config, options)
    await waggle.waitForLog(/ready on/)
    return waggle
  }

  /** Starts a broker, whatever comes of it. */
  async launch(config = '', options: LaunchOptions = {}): Promise<WaggleProcess> {
    const waggle = await WaggleProcess.launchListening(config, { ...options, home: this.folder })
    this.#processes.push(waggle)
    return waggle
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const waggle of this.#processes) await waggle[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true })
  }
}
