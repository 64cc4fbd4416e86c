// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import prometheus from '../../extensions/hivemq-prometheus-extension/extension.ts'
import type { Extension } from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { freePort } from '../support/free-port.ts'
import { MemoryClient } from '../support/memory-client.ts'
import { registerMetrics } from '../support/registered-metrics.ts'
import { canTest, isOnPath } from '../support/tools.ts'

const ID = 'hivemq-prometheus-extension'
const TIMER = 'com_hivemq_extensions_prometheus_export_MonitoredMetricServlet_get_time'
const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

interface Scraped {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

interface Asking {
  readonly method?: string
  readonly headers?: Record<string, string>
}

class Scraper implements AsyncDisposable {
  readonly broker: ExtensionBroker
  readonly #port: number

  private constructor(broker: ExtensionBroker, port: number) {
    this.broker = broker
    this.#port = port
  }

  static async start(others: Readonly<Record<string, Extension>> = {}): Promise<Scraper> {
    const port = await freePort()
    const files = { 'prometheusConfiguration.properties': `ip=127.0.0.1\nport=${port}\nmetric_path=/metrics\n` }
    const openToAll: Extension = {
      start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) }),
    }
    const broker = await ExtensionBroker.start({ [ID]: { extension: prometheus, files }, openToAll, ...others })
    registerMetrics(broker.broker, false, broker.registry, broker.calls)
    return new Scraper(broker, port)
  }

  /** What is counted now. As bytes: `fetch` asks for gzip on its own. */
  get(path = '/metrics', options: Asking = {}): Promise<Scraped> {
    this.broker.broker.advance(100)
    return this.getRecent(path, options)
  }

  /** The same, less than a tenth of a second after the last one. */
  getRecent(path = '/metrics', { method = 'GET', headers = {} }: Asking = {}): Promise<Scraped> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: this.#port, path, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      })
        .on('error', reject)
        .end()
    })
  }

  async text(path = '/metrics', headers: Record<string, string> = {}): Promise<string> {
    const { status, body } = await this.get(path, { headers })
    if (status !== 200) throw new Error(`${path}: ${status}`)
    return body.toString()
  }

  async valueOf(sample: string): Promise<number> {
    const lines = (await this.text()).split('\n')
    return Number(lines.find((line) => line.startsWith(`${sample} `))!.split(' ')[1])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.broker[Symbol.asyncDispose]()
  }
}

/** Names of families with their types. */
function typesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]))
}

describe('/metrics', () => {
  it('shows everything that is counted, HiveMQ’s names as gauges without labels', async () => {
    await using scraper = await Scraper.start()
    const client = MemoryClient.connect(scraper.broker.broker, 'client')
    client.subscribe(['a'], 1)
    client.publish('a', 'text')
    expect(await scraper.valueOf('com_hivemq_messages_incoming_publish_count')).toBe(1)
    expect(await scraper.valueOf('waggle_deliveries_done_total')).toBe(1)
    const text = await scraper.text()
    const types = typesOf(text)
    const hivemq = [...types].filter(([name]) => name.startsWith('com_hivemq_') && !name.endsWith('_rate_total'))
    expect(hivemq.length).toBeGreaterThan(70)
    expect(hivemq.filter(([, type]) => type !== 'gauge')).toEqual([[TIMER, 'summary']])
    expect(text).not.toMatch(/^com_hivemq_\w+\{(?!quantile="[\d.]+",\})/m)
    expect(types.get('com_hivemq_messages_incoming_publish_rate_total')).toBe('counter')
    expect(types.get('waggle_deliveries_dropped_total')).toBe('counter')
    expect(types.get('waggle_event_loop_lag_seconds')).toBe('histogram')
    expect(types.get('process_resident_memory_bytes')).toBe('gauge')
    expect(await scraper.valueOf('process_cpu_seconds_total')).toBeGreaterThan(0)
  })

  it('tells how long scrapes took, from the start on and without the one that runs', async () => {
    await using scraper = await Scraper.start()
    expect(await scraper.valueOf(`${TIMER}_count`)).toBe(0)
    expect(await scraper.valueOf(`${TIMER}_count`)).toBe(1)
    expect(await scraper.text()).toMatch(new RegExp(`^${TIMER}\\{quantile="0\\.99",\\} (?!0\\.0$)`, 'm'))
  })

  it('reads what is counted ten times a second at most', async () => {
    await using scraper = await Scraper.start()
    const { body } = await scraper.get()
    MemoryClient.connect(scraper.broker.broker, 'client')
    expect((await scraper.getRecent()).body.equals(body)).toBe(true)
    const filtered = '/metrics?name[]=waggle_clients'
    expect((await scraper.getRecent(filtered)).body.toString()).toMatch(/^waggle_clients 0\.0$/m)
    const packed = await scraper.getRecent('/metrics', { headers: { 'accept-encoding': 'gzip' } })
    expect(gunzipSync(packed.body).equals(body)).toBe(true)
    expect(await scraper.valueOf('waggle_clients')).toBe(1)
  })

  it('is in the text format unless OpenMetrics is asked for', async () => {
    await using scraper = await Scraper.start()
    for (const accept of ['', '*/*', 'text/plain', 'application/openmetrics-text-2']) {
      const { headers, body } = await scraper.get('/metrics', { headers: accept === '' ? {} : { accept } })
      expect(headers['content-type']).toBe(TEXT)
      expect(body.toString()).not.toContain('# EOF')
    }
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1'
    const { headers, body } = await scraper.get('/metrics', { headers: { accept } })
    expect(headers['content-type']).toBe(OPEN_METRICS)
    expect(body.toString()).toMatch(/^# TYPE waggle_deliveries_dropped counter\n/m)
    expect(body.toString()).toMatch(/\n# EOF\n$/)
  })

  it('is compressed for whoever takes gzip', async () => {
    await using scraper = await Scraper.start()
    const plain = await scraper.get()
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(Number(plain.headers['content-length'])).toBe(plain.body.length)
    const packed = await scraper.get('/metrics', { headers: { 'accept-encoding': 'deflate, GZIP' } })
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(packed.body.length).toBeLessThan(plain.body.length / 4)
    expect(typesOf(gunzipSync(packed.body).toString())).toEqual(typesOf(plain.body.toString()))
    const refused = await scraper.get('/metrics', { headers: { 'accept-encoding': 'gzip;q=0' } })
    expect(refused.headers['content-encoding']).toBeUndefined()
  })

  it('keeps the samples that name[] asks for', async () => {
    await using scraper = await Scraper.start()
    const query = 'name[]=com_hivemq_cluster_nodes_count&name%5B%5D=waggle_clients&name[]=nothing&other=a&name[]'
    expect((await scraper.text(`/metrics?${query}`)).split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'com_hivemq_cluster_nodes_count 1.0',
      'waggle_clients 0.0',
      '',
    ])
    expect(await scraper.text('/metrics?name[]=nothing')).toBe('')
    expect(await scraper.text('/metrics?name[]')).toContain('waggle_clients 0.0')
    expect(await scraper.text('/metrics?name[]=%zz')).toBe('')
  })

  it('answers HEAD without a body, POST as GET, and nothing else', async () => {
    await using scraper = await Scraper.start()
    const head = await scraper.get('/metrics', { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(Number(head.headers['content-length'])).toBeGreaterThan(10_000)
    const post = await scraper.get('/metrics', { method: 'POST' })
    expect(typesOf(post.body.toString())).toEqual(typesOf(await scraper.text()))
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const { status, headers } = await scraper.get('/metrics', { method })
      expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, POST'])
    }
    for (const path of ['/', '/metric', '/metricsfoo', '/metrics/foo']) {
      expect((await scraper.get(path)).status).toBe(404)
    }
    expect((await scraper.get('/metrics/')).status).toBe(200)
  })

  it('shows the metrics of extensions, without the one that fails, and of a name that comes twice the first', async () => {
    const other: Extension = {
      start: ({ services: { metrics } }) => {
        metrics.counter('acme.orders').inc(3)
        metrics.counter('acme-orders').inc(4)
        metrics.meter('9 orders').mark(2)
        metrics.histogram('acme.size').update(5)
        metrics.gauge('acme.broken', () => {
          throw new Error('broken')
        })
      },
    }
    await using scraper = await Scraper.start({ other })
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = await scraper.text()
      expect(text.match(/^acme_orders .*$/gm)).toEqual(['acme_orders 4.0'])
      expect(text).toContain('\n__orders_total 2.0\n')
      expect(text).toContain('\nacme_size{quantile="0.5",} 5.0\n')
      expect(text).not.toContain('acme_broken')
    }
    const warnings = scraper.broker.log.warnings.filter((line) => line.includes('acme'))
    expect(warnings).toEqual([expect.stringMatching(/Two metrics have the name acme_orders; .*metric=acme\.orders/)])
  })
})

const canTestPromtool = canTest('promtool', isOnPath('promtool'), 'apt-get install prometheus')

describe.runIf(canTestPromtool)('promtool', () => {
  it('takes /metrics, and finds nothing to say about the names that are ours', async () => {
    await using scraper = await Scraper.start()
    const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await scraper.text(),
      encoding: 'utf8',
    })
    expect(error, 'promtool is missing: apt-get install prometheus').toBeUndefined()
    // 1 is a fault of the format, 3 an opinion about a name.
    expect([0, 3]).toContain(status)
    const opinions = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
    expect(opinions.filter((line) => !line.startsWith('com_hivemq_'))).toEqual([])
  })
})
