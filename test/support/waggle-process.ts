// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeAllowAll } from './extension-folders.ts'
import { freePort } from './free-port.ts'

export const BUNDLE: string = join(import.meta.dirname, '../../dist/waggle.js')

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What stands before the command, as in `prlimit --fsize=… node waggle.js`. */
  readonly prefix?: readonly string[]
  /** All of the command, in place of the bundle. */
  readonly command?: readonly string[]
  readonly cwd?: string
  /** The home of an earlier process, which is left when this one ends; else it gets one of its own. */
  readonly home?: string
  /** Without: no extension is in its folder that is not there already, so nobody may connect. */
  readonly isOpenToAll?: boolean
}

/** The broker as users run it: the bundle, in a process of its own, with a home folder. */
export class WaggleProcess implements AsyncDisposable {
  readonly port: number
  readonly home: string
  readonly child: ChildProcess
  /** Everything that it has written. */
  log = ''
  readonly #ownsHome: boolean
  #hasEnded = false

  private constructor(port: number, home: string, options: LaunchOptions) {
    this.port = port
    this.home = home
    this.#ownsHome = options.home === undefined
    const env = { PATH: process.env['PATH'], HIVEMQ_HOME: home, ...options.env }
    const command = options.command ?? [...(options.prefix ?? []), process.execPath, BUNDLE]
    this.child = spawn(command[0]!, command.slice(1), { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.log += chunk.toString()
        this.child.emit('news')
      })
    }
    this.child.on('close', () => {
      this.#hasEnded = true
      this.child.emit('news')
    })
  }

  /** Starts a broker on a free port and waits until it is ready. `config` is what stands in `<hivemq>` beside the listeners. */
  static async start(config = '', options: LaunchOptions = {}): Promise<WaggleProcess> {
    const waggle = await WaggleProcess.launchListening(config, options)
    await waggle.waitForLog(/ready on/)
    return waggle
  }

  /** The same, whatever comes of it. */
  static async launchListening(config = '', options: LaunchOptions = {}): Promise<WaggleProcess> {
    const port = await freePort()
    const listener = `<tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
    const configXml = `<hivemq><listeners>${listener}</listeners>${config}</hivemq>`
    return WaggleProcess.launch(configXml, port, options)
  }

  /** Starts a broker with a whole config.xml, whatever comes of it. */
  static async launch(configXml: string, port = 0, options: LaunchOptions = {}): Promise<WaggleProcess> {
    const home = options.home ?? (await mkdtemp(join(tmpdir(), 'waggle-')))
    await mkdir(join(home, 'conf'), { recursive: true })
    await writeFile(join(home, 'conf', 'config.xml'), configXml)
    if (options.isOpenToAll !== false) writeAllowAll(join(home, 'extensions'))
    return new WaggleProcess(port, home, options)
  }

  async waitForLog(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.log)) {
      if (this.#hasEnded) throw new Error(`the broker has ended:\n${this.log}`)
      await once(this.child, 'news')
    }
  }

  /** Waits until it is ready, or for its end; then it returns the exit code. */
  async outcome(): Promise<'ready' | number | null> {
    while (!/ready on/.test(this.log)) {
      if (this.#hasEnded) return this.child.exitCode
      await once(this.child, 'news')
    }
    return 'ready'
  }

  /** Waits for the end and returns the exit code, null after a signal; the log is complete then. */
  async exitCode(): Promise<number | null> {
    if (!this.#hasEnded) await once(this.child, 'close')
    return this.child.exitCode
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    return this.exitCode()
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exitCode()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) await this.kill()
    if (this.#ownsHome) await rm(this.home, { recursive: true })
  }
}
