// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CloseReasons } from '../../src/broker/close-reason.ts'
import { Faults } from '../../src/codec/fault.ts'
import { WebSocketFaults } from '../../src/net/websocket-faults.ts'
import { SETTING_ELEMENTS } from '../../src/config/setting-elements.ts'
import { DropReason } from '../../src/metrics/drop-reason.ts'
import { MemoryBroker } from '../support/memory-broker.ts'
import { registerMetrics } from '../support/registered-metrics.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/limits.md'), 'utf8')

function named(pattern: RegExp): string[] {
  const names = [...DOCUMENT.matchAll(pattern)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(3)
  return names
}

describe('docs/limits.md', () => {
  it('names settings that there are, with their defaults', () => {
    const rows = [...DOCUMENT.matchAll(/^\| `((?:mqtt|restrictions|waggle)\/[\w/-]+)` +\| (\S+)/gm)]
    const inText = [...DOCUMENT.matchAll(/`((?:mqtt|restrictions|waggle)\/[\w/-]+)` \((\w+)\)/g)]
    expect(rows.length).toBeGreaterThan(15)
    expect(inText.length).toBeGreaterThan(2)
    const defaults = new Map(SETTING_ELEMENTS.map((element) => [element.path, String(element.default)]))
    for (const [, path, value] of [...rows, ...inText])
      expect(`${path} ${value}`).toBe(`${path} ${defaults.get(path!)}`)
  })

  it('leaves out no setting that is a limit', () => {
    const limits = SETTING_ELEMENTS.map(({ path }) => path).filter(
      (path) => /^restrictions|^waggle\/(throttling|memory)/.test(path) || /max-(interval|queue|packet)/.test(path),
    )
    for (const path of limits) expect(DOCUMENT).toContain(`\`${path}\``)
  })

  it('names reasons and metrics that there are', async () => {
    const reasons = { ...CloseReasons, ...Faults, ...WebSocketFaults }
    for (const name of named(/`ended:(\w+)`/g)) expect(Object.keys(reasons)).toContain(name)
    for (const name of named(/`dropped:(\w+)`/g)) expect(Object.keys(DropReason)).toContain(name)
    const registry = registerMetrics(await MemoryBroker.start())
    const metrics = [...registry.labelledMetrics].map(({ name }) => name)
    for (const name of named(/`(waggle_\w+)`/g)) expect(metrics).toContain(name)
  })
})
