// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { registerMetrics } from '../support/registered-metrics.ts'
import { canTest, isOnPath } from '../support/tools.ts'

const PROJECT = join(import.meta.dirname, '../..')
const FILE = join(PROJECT, 'deploy/prometheus/alerts.yaml')
const OPERATE = readFileSync(join(PROJECT, 'docs/operate.md'), 'utf8')

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[]
}

const canTestPromtool = canTest('promtool', isOnPath('promtool'), 'apt-get install prometheus')

describe('deploy/prometheus/alerts.yaml', () => {
  const expressions = (parse(readFileSync(FILE, 'utf8')) as Rules).groups
    .flatMap(({ rules }) => rules)
    .map(({ expr }) => expr)

  it('asks for metrics and reasons that there are, and docs/operate.md for no others', async () => {
    const registry = registerMetrics(await MemoryBroker.start())
    const names = new Set([...registry.labelledMetrics].map(({ name }) => name))
    const namesIn = (text: string): string[] => text.match(/waggle_[a-z_]+/g)!
    const asked = expressions.flatMap(namesIn).map((name) => name.replace(/_bucket$/, ''))
    expect(asked.length).toBeGreaterThan(8)
    for (const name of [...asked, ...namesIn(OPERATE)]) expect(names).toContain(name)
    for (const name of asked) expect(OPERATE).toContain(`\`${name}\``)
    for (const [, reasons] of expressions.join('\n').matchAll(/reason=~"([A-Z_|0-9]+)"/g)) {
      for (const reason of reasons!.split('|')) expect(Object.keys(DropReason)).toContain(reason)
    }
  })

  it.runIf(canTestPromtool)('is what Prometheus takes', () => {
    const { status, stdout } = spawnSync('promtool', ['check', 'rules', FILE], { encoding: 'utf8' })
    expect(stdout).toContain(`SUCCESS: ${expressions.length} rules found`)
    expect(status).toBe(0)
  })
})
