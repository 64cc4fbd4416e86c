// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { canTest, isOnPath } from './tools.ts'

/** Debian's command line clients. */
export const canTestMosquittoClients: boolean = canTest(
  'mosquitto_pub',
  isOnPath('mosquitto_pub', '--help'),
  'apt-get install mosquitto-clients',
)

export async function mosquittoPub(port: number, ...options: string[]): Promise<void> {
  const child = spawn('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), ...options])
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`mosquitto_pub ${options.join(' ')}: exit code ${code}: ${errors}`)
}

/** A running mosquitto_sub; `lines` has one entry for each message: topic, QoS, RETAIN, payload. */
export class MosquittoSub implements Disposable {
  readonly child: ChildProcess
  readonly lines: string[] = []
  #output = ''
  #checks: (() => boolean)[] = []

  constructor(port: number, ...options: string[]) {
    // -d tells when the subscription is in force; a message line is told apart by its mark.
    const format = '>>%t %q %r %p'
    const command = ['mosquitto_sub', '-h', '127.0.0.1', '-p', String(port), '-d', '-F', format, ...options]
    // Into a pipe it writes block by block; stdbuf has it write line by line.
    this.child = spawn('stdbuf', ['-oL', ...command])
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString()
      this.lines.splice(0, this.lines.length, ...[...this.#output.matchAll(/>>(.*)\n/g)].map((match) => match[1]!))
      this.#recheck()
    })
    this.child.on('close', () => this.#recheck())
  }

  async subscribed(): Promise<this> {
    await this.until(() => this.#output.includes('received SUBACK'))
    return this
  }

  /** Waits for so many messages and returns them. */
  async messages(count: number): Promise<string[]> {
    await this.until(() => this.lines.length >= count)
    return this.lines
  }

  /** For one that ends by itself (-C, -E). */
  async ended(): Promise<void> {
    await this.until(() => this.child.exitCode !== null)
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL')
  }

  /** Waits until something holds of it; looks again whenever it has written something. */
  until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): boolean => {
        if (isDone()) resolve()
        else if (this.child.exitCode !== null) reject(new Error(`mosquitto_sub has ended:\n${this.#output}`))
        else return false
        return true
      }
      if (!check()) this.#checks.push(check)
    })
  }

  #recheck(): void {
    this.#checks = this.#checks.filter((check) => !check())
  }
}
