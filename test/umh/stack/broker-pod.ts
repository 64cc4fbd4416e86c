// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises'
import type { Container, ExecResult } from '../kubernetes/container.ts'
import { POLL_MS, waitUntil } from './wait-until.ts'

/** Nothing takes longer, unless it does not come at all. */
const PATIENCE_MS = 30_000

export class BrokerPod implements AsyncDisposable {
  readonly container: Container
  readonly #hook: Promise<ExecResult> | null
  /** What the probe got, each change of it once: `no answer`, `503`, `200`. */
  readonly answers: string[] = []
  readyMs = 0

  constructor(container: Container, hook: Promise<ExecResult> | null) {
    this.container = container
    this.#hook = hook
  }

  get address(): string {
    return this.container.address
  }

  get log(): string {
    return this.container.log
  }

  /** What the kubelet does with a failing hook: it kills the container. */
  async hook(): Promise<ExecResult> {
    const result = (await this.#hook) ?? { code: 0, output: '' }
    if (result.code !== 0) throw new Error(`the postStart command has failed with ${result.code}: ${result.output}`)
    return result
  }

  /** Asks the probe until it gets 200; milliseconds since the start of the container. */
  async ready(port = 9090): Promise<number> {
    for (;;) {
      const answer = await this.probe(port)
      if (answer !== this.answers.at(-1)) this.answers.push(answer)
      this.readyMs = Math.round(performance.now() - this.container.startedAt)
      if (answer === '200') break
      if (this.container.hasEnded) throw new Error(`the broker has ended:\n${this.log}`)
      if (this.readyMs > PATIENCE_MS * 2) throw new Error(`not ready (${this.answers.join(', ')}):\n${this.log}`)
      await pause(POLL_MS)
    }
    await this.hook()
    // What it has said by then comes through a pipe.
    await this.waitForLog(/Started HiveMQ in/)
    return this.readyMs
  }

  async probe(port = 9090, path = '/heartbeat'): Promise<string> {
    try {
      const response = await fetch(`http://${this.address}:${port}${path}`, {
        headers: { 'User-Agent': 'kube-probe/1.31' },
        signal: AbortSignal.timeout(5000),
      })
      await response.arrayBuffer()
      return String(response.status)
    } catch {
      return 'no answer'
    }
  }

  async metrics(port = 9399): Promise<string> {
    return (await fetch(`http://${this.address}:${port}/metrics`)).text()
  }

  async waitForLog(pattern: RegExp, patienceMs: number = PATIENCE_MS): Promise<number> {
    return waitUntil(
      () => pattern.test(this.log),
      patienceMs,
      () => `no ${pattern} in:\n${this.log}`,
    )
  }

  /** Lines of the log that match; of what happens after the start `waitForLog` first. */
  lines(pattern: RegExp): string[] {
    return this.log.split('\n').filter((line) => pattern.test(line))
  }

  async stop(): Promise<{ code: number; ms: number }> {
    return this.container.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.container[Symbol.asyncDispose]()
  }
}
