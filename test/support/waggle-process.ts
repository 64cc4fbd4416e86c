// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

const BUNDLE = join(import.meta.dirname, '../../dist/waggle.js')

/** The broker as users run it: the bundle, in a process of its own, with a home folder. */
export class WaggleProcess implements AsyncDisposable {
  readonly port: number
  readonly home: string
  readonly child: ChildProcess
  /** Everything that it has written. */
  log = ''

  private constructor(port: number, home: string) {
    this.port = port
    this.home = home
    const env = { PATH: process.env['PATH'], HIVEMQ_HOME: home }
    this.child = spawn(process.execPath, [BUNDLE], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.log += chunk.toString()
        this.child.emit('news')
      })
    }
    this.child.on('close', () => this.child.emit('news'))
  }

  /** Starts a broker on a free port and waits until it is ready. `config` is what stands in `<hivemq>` beside the listeners. */
  static async start(config = ''): Promise<WaggleProcess> {
    const port = await freePort()
    const listener = `<tcp-listener><port>${port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>`
    const waggle = await WaggleProcess.launch(`<hivemq><listeners>${listener}</listeners>${config}</hivemq>`, port)
    await waggle.waitForLog(/ready on/)
    return waggle
  }

  /** Starts a broker with a whole config.xml, whatever comes of it. */
  static async launch(configXml: string, port = 0): Promise<WaggleProcess> {
    const home = await mkdtemp(join(tmpdir(), 'waggle-'))
    await mkdir(join(home, 'conf'))
    await writeFile(join(home, 'conf', 'config.xml'), configXml)
    return new WaggleProcess(port, home)
  }

  async waitForLog(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.log)) {
      if (this.child.exitCode !== null) throw new Error(`the broker has ended:\n${this.log}`)
      await once(this.child, 'news')
    }
  }

  /** Waits for the end and returns the exit code; the log is complete then. */
  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close')
    return this.child.exitCode
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    return this.exitCode()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) {
      this.child.kill('SIGKILL')
      await this.exitCode()
    }
    await rm(this.home, { recursive: true })
  }
}
