// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExtensionLogger, MetricRegistry, Scheduler, Services, Timer } from 'waggle/extension'
import { CONTENT_TYPES, type Format } from './exposition.ts'
import { type Family, familyOf, familyOfLabelled } from './families.ts'
import { readProcessMetrics } from './process-metrics.ts'
import { Snapshot } from './snapshot.ts'

/** HiveMQ's name for how long a scrape takes. */
const TIMER = 'com.hivemq.extensions.prometheus.export.MonitoredMetricServlet.get.time'

/**
 * What was read stands for so long. With 10 000 connections a scrape takes 4 ms of the event loop, 64 who ask without a pause
 * would take all of it; so they take a twentieth.
 */
const SNAPSHOT_MS = 100

/** Answers Prometheus with everything that is counted. */
export class Scrape {
  readonly #metrics: MetricRegistry
  readonly #scheduler: Scheduler
  readonly #log: ExtensionLogger
  readonly #time: Timer
  readonly #clashes = new Set<string>()
  #snapshot: Snapshot | null = null

  constructor({ metrics, scheduler }: Services, log: ExtensionLogger) {
    this.#metrics = metrics
    this.#scheduler = scheduler
    this.#log = log
    this.#time = metrics.timer(TIMER)
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now()
    const format = formatOf(request)
    const names = namesOf(request)
    const snapshot = this.#recentSnapshot()
    const text = names === null ? snapshot.textOf(format) : snapshot.filtered(format, names)
    this.#time.update((performance.now() - startedAt) / 1000)
    // What is filtered is short.
    const isCompressed = names === null && elementsOf(request.headers['accept-encoding']).includes('gzip')
    const body = isCompressed ? await snapshot.compressed(format) : Buffer.from(text)
    response.setHeader('Content-Type', CONTENT_TYPES[format])
    if (isCompressed) response.setHeader('Content-Encoding', 'gzip')
    response.writeHead(200, { 'Content-Length': body.length }).end(request.method === 'HEAD' ? undefined : body)
  }

  #recentSnapshot(): Snapshot {
    if (this.#snapshot === null) {
      this.#snapshot = new Snapshot([...this.#families()])
      this.#scheduler.after(SNAPSHOT_MS, () => {
        this.#snapshot = null
      })
    }
    return this.#snapshot
  }

  /** Each name once: Prometheus refuses a whole scrape in which one comes twice. */
  *#families(): Generator<Family> {
    const names = new Set<string>()
    for (const family of this.#allFamilies()) {
      if (!names.has(family.name)) {
        names.add(family.name)
        yield family
      } else if (!this.#clashes.has(family.help)) {
        this.#clashes.add(family.help)
        this.#log.warn(`Two metrics have the name ${family.name}; one is left out: ${family.help}`)
      }
    }
  }

  *#allFamilies(): Generator<Family> {
    for (const reading of this.#metrics.readAll()) yield familyOf(reading)
    for (const reading of this.#metrics.readLabelled()) yield familyOfLabelled(reading)
    for (const reading of readProcessMetrics()) yield familyOfLabelled(reading)
  }
}

/** As HiveMQ decides it: whoever names OpenMetrics gets it, with whatever preference. */
function formatOf({ headers }: IncomingMessage): Format {
  const types = elementsOf(headers.accept).map((element) => element.split(';', 1)[0]!.trim())
  return types.includes('application/openmetrics-text') ? 'openmetrics' : 'text'
}

/** `?name[]=…&name[]=…`: the samples that are asked for, or null for all. */
function namesOf({ url }: IncomingMessage): ReadonlySet<string> | null {
  const [, query = ''] = url!.split('?', 2)
  const names = new URLSearchParams(query).getAll('name[]').filter((name) => name !== '')
  return names.length === 0 ? null : new Set(names)
}

function elementsOf(header: string | undefined): string[] {
  return header?.split(',').map((element) => element.trim().toLowerCase()) ?? []
}
