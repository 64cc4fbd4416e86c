// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { writeExtension } from './extension-folders.ts'

const ID = 'hivemq-prometheus-extension'

/** Has the brokers of a home answer Prometheus at a port. */
export function writePrometheus(home: string, port: number): string {
  const files = { 'prometheusConfiguration.properties': `ip=127.0.0.1\nport=${port}\nmetric_path=/metrics\n` }
  return writeExtension(join(home, 'extensions'), ID, files, { priority: 1000 })
}

/** All samples by their names, labels included. */
export async function scrape(port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  if (response.status !== 200) throw new Error(`/metrics: ${response.status}`)
  const samples = new Map<string, number>()
  for (const line of (await response.text()).split('\n')) {
    const end = line.lastIndexOf(' ')
    if (end > 0 && !line.startsWith('#')) samples.set(line.slice(0, end), Number(line.slice(end + 1)))
  }
  return samples
}

/** What the broker says of its deliveries: how many it owed, and what became of them. */
export async function scrapeBooks(port: number): Promise<{ owed: number; accounted: number }> {
  const samples = await scrape(port)
  const sumOf = (name: string): number => {
    const values = [...samples].filter(([sample]) => sample === name || sample.startsWith(`${name}{`))
    if (values.length === 0) throw new Error(`there is no ${name}`)
    return values.reduce((sum, [, value]) => sum + value, 0)
  }
  const kept = sumOf('waggle_deliveries_queued') + sumOf('waggle_deliveries_in_flight')
  return {
    owed: sumOf('waggle_deliveries_owed_total'),
    accounted: sumOf('waggle_deliveries_done_total') + kept + sumOf('waggle_deliveries_dropped_total'),
  }
}
