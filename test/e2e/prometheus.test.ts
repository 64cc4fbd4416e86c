// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { RemoteClient } from '../support/remote-client.ts'
import { scrape, writePrometheus } from '../support/scrape.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import { canTest, isOnPath } from '../support/tools.ts'

const FIXTURE = join(import.meta.dirname, '../fixtures/umh/prometheus.properties')

describe('/metrics of a running broker', () => {
  it('follows the file of the United Manufacturing Hub, which comes after the start', async () => {
    await using home = new WaggleHome()
    const [shipped, copied] = [await freePort(), await freePort()]
    writePrometheus(home.folder, shipped)
    const waggle = await home.start()
    expect((await scrape(shipped)).get('com_hivemq_messages_incoming_publish_count')).toBe(0)
    const properties = readFileSync(FIXTURE, 'utf8').replace('9399', String(copied))
    home.write('extensions/hivemq-prometheus-extension/prometheusConfiguration.properties', properties)
    await waggle.waitForLog(new RegExp(`answers at http://0\\.0\\.0\\.0:${copied}/metrics`))
    const client = await RemoteClient.connect(waggle.port, 'client')
    await client.publish('a', 'text', { qos: 1 })
    const samples = await scrape(copied)
    expect(samples.get('com_hivemq_messages_incoming_publish_count')).toBe(1)
    expect(samples.get('com_hivemq_networking_connections_current')).toBe(1)
    expect(samples.get(`waggle_connections{listener="tcp-listener-${waggle.port}",}`)).toBe(1)
    await client.disconnect()
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log.match(/WARN|ERROR/g)).toHaveLength(1)
    expect(waggle.log).toMatch(/WARN .*This deployment is not secure!/)
  })
})

class Prometheus implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #port: number
  #log = ''

  constructor(home: WaggleHome, port: number, target: number) {
    home.write(
      'prometheus.yml',
      `scrape_configs: [{job_name: waggle, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:${target}']}]}]`,
    )
    this.#port = port
    this.#child = spawn('prometheus', [
      `--config.file=${join(home.folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home.folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ])
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#log += chunk.toString()))
  }

  /** The values that a query gives, as soon as there are any. */
  async query(query: string): Promise<readonly number[]> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`Prometheus has ended:\n${this.#log}`)
      try {
        const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(query)}`
        const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } }
        if (data.result.length > 0) return data.result.map(({ value: [, text] }) => Number(text))
      } catch (error) {
        if (!(error instanceof TypeError)) throw error
      }
      await sleep(100)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'close')
  }
}

const canTestPrometheus = canTest('prometheus', isOnPath('prometheus'), 'apt-get install prometheus')

describe.runIf(canTestPrometheus)('Prometheus itself', () => {
  it('takes all samples of a scrape', async () => {
    await using home = new WaggleHome()
    const port = await freePort()
    writePrometheus(home.folder, port)
    await home.start()
    await using prometheus = new Prometheus(home, await freePort(), port)
    // 0 as long as it could not read one of them.
    expect(await prometheus.query('up == 1')).toEqual([1])
    // The use of CPUs is there from the second look on.
    const { size } = await scrape(port)
    expect(await prometheus.query(`scrape_samples_scraped == ${size}`)).toEqual([size])
    expect(await prometheus.query(`scrape_samples_post_metric_relabeling == ${size}`)).toEqual([size])
    expect(await prometheus.query('com_hivemq_cluster_nodes_count')).toEqual([1])
    expect(await prometheus.query('com_hivemq_networking_connections_current')).toEqual([0])
  })
})
