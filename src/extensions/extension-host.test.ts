// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExtensionFolders, writeExtension } from '../../test/support/extension-folders.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { LogNotes } from '../../test/support/extension-broker.ts'
import type { SimpleAuthenticator } from '../extension-sdk/authenticator.ts'
import type { Extension } from '../extension-sdk/extension.ts'
import { Admin } from './admin.ts'
import { ExtensionCalls } from './extension-calls.ts'
import { ExtensionHost } from './extension-host.ts'
import { MetricRegistry } from '../metrics/metric-registry.ts'
import { ExtensionMetrics } from './extension-metrics.ts'

const OPEN_TO_ALL: Extension = {
  start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) }),
}

class World {
  readonly log = new LogNotes()
  readonly clock = new FakeClock()
  readonly host: ExtensionHost

  constructor(folder: string, extensions: Readonly<Record<string, Extension>> = {}, allowAllClients?: string) {
    const bundled = Object.fromEntries(
      Object.entries(extensions).map(([id, extension]) => [id, () => Promise.resolve({ default: extension })]),
    )
    const folders = { home: folder, data: folder, log: folder, extensions: folder }
    this.host = new ExtensionHost({
      folder,
      bundled,
      allowAllClients,
      clock: this.clock,
      logger: this.log,
      admin: new Admin({ version: '1.2.3', folders, listeners: () => [], problems: () => [] }),
      metrics: new ExtensionMetrics(new MetricRegistry(this.clock)),
      calls: new ExtensionCalls(this.clock),
    })
  }

  get started(): string[] {
    return this.log.lines.flatMap(
      (line) => /^INFO Extension "(.*)" version .* started successfully\.$/.exec(line)?.[1] ?? [],
    )
  }
}

describe('ExtensionHost', () => {
  it('makes the folder where there is none', async () => {
    using folders = new ExtensionFolders()
    const folder = join(folders.folder, 'deep', 'extensions')
    const { host } = new World(folder)
    await host.start()
    expect(existsSync(folder)).toBe(true)
  })

  it('starts and stops in the order of start-priority, ties by name', async () => {
    using folders = new ExtensionFolders()
    const events: string[] = []
    const noting = (id: string): Extension => ({
      start: () => void events.push(`${id} starts`),
      stop: () => Promise.resolve().then(() => void events.push(`${id} stops`)),
    })
    writeExtension(folders.folder, 'a')
    writeExtension(folders.folder, 'b', {}, { startPriority: 5 })
    writeExtension(folders.folder, 'c', {}, { startPriority: 5000 })
    writeExtension(folders.folder, 'd', {}, { startPriority: 5000 })
    const ids = ['a', 'b', 'c', 'd']
    const { host } = new World(folders.folder, Object.fromEntries(ids.map((id) => [id, noting(id)])))
    await host.start()
    await host.stop()
    const order = ['c', 'd', 'a', 'b']
    expect(events).toEqual([...order.map((id) => `${id} starts`), ...order.map((id) => `${id} stops`)])
  })

  it('says what is wrong with a description, and starts the rest', async () => {
    using folders = new ExtensionFolders()
    const { folder } = folders
    writeExtension(folder, 'good')
    writeExtension(folder, 'renamed', {}, { id: 'good' })
    writeExtension(folder, 'no-name', {}, { name: '' })
    for (const [id, xml] of [
      ['broken', '<hivemq-extension>\n<id>broken</hivemq-extension>'],
      ['other-root', '<extension><id>other-root</id></extension>'],
      ['doctype', '<!DOCTYPE a [<!ENTITY b "c">]><hivemq-extension/>'],
      [
        'priority',
        '<hivemq-extension><id>priority</id><name>n</name><version>1</version>\n<priority>high</priority></hivemq-extension>',
      ],
    ] as const) {
      mkdirSync(join(folder, id))
      writeFileSync(join(folder, id, 'hivemq-extension.xml'), xml)
    }
    mkdirSync(join(folder, 'package'))
    writeFileSync(join(folder, 'package', 'package.json'), '{ "waggle": { "id": "package" } }')
    mkdirSync(join(folder, 'bad-json'))
    writeFileSync(join(folder, 'bad-json', 'package.json'), '{')
    // No extensions at all
    mkdirSync(join(folder, 'notes'))
    writeFileSync(join(folder, 'readme.txt'), '')
    mkdirSync(join(folder, 'plain-package'))
    writeFileSync(join(folder, 'plain-package', 'package.json'), '{ "name": "plain" }')
    const world = new World(folder, { good: OPEN_TO_ALL })
    await world.host.start()
    expect(world.started).toEqual(['good'])
    const warnings = world.log.warnings.map((line) => line.replaceAll(`${folder}/`, ''))
    expect(warnings).toEqual([
      expect.stringMatching(/^WARN bad-json\/package\.json: .*The extension is ignored\.$/),
      'WARN broken/hivemq-extension.xml:2:11: Missing end tag for element id. The extension is ignored.',
      'WARN doctype/hivemq-extension.xml:1:1: found a DOCTYPE, expected XML without one. The extension is ignored.',
      'WARN no-name/hivemq-extension.xml:4:3: name is missing or empty. The extension is ignored.',
      'WARN other-root/hivemq-extension.xml: the root element is <extension>, expected <hivemq-extension>. The extension is ignored.',
      'WARN package/package.json: name is missing or empty. The extension is ignored.',
      'WARN priority/hivemq-extension.xml:2:1: priority: found "high", expected a whole number. The extension is ignored.',
      'WARN renamed: the id is "good", expected the name of the folder. The extension is ignored.',
    ])
  })

  it('does not look into the folders of extensions: a second copy within the first is nothing', async () => {
    using folders = new ExtensionFolders()
    const outer = writeExtension(folders.folder, 'good')
    writeExtension(outer, 'good')
    const world = new World(folders.folder, { good: OPEN_TO_ALL })
    await world.host.start()
    expect(world.started).toEqual(['good'])
  })

  it('serves a known Java extension, and gives one line to any other', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'known', { 'known-1.0.0.jar': 'PK' })
    writeExtension(folders.folder, 'foreign', { 'foreign-1.0.0.jar': 'PK' })
    writeExtension(folders.folder, 'empty')
    const world = new World(folders.folder, { known: OPEN_TO_ALL })
    await world.host.start()
    expect(world.started).toEqual(['known'])
    expect(world.log.warnings).toEqual([
      `WARN Extension with id "empty" in ${folders.folder}/empty has no code: neither \`main\` in package.json nor extension.ts or extension.js. It is ignored.`,
      `WARN Extension with id "foreign" in ${folders.folder}/foreign is a Java extension, which can not run here. It is ignored.`,
    ])
  })

  it('leaves one out that is disabled', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'off', { DISABLED: '' })
    const world = new World(folders.folder, { off: OPEN_TO_ALL })
    await world.host.start()
    expect(world.started).toEqual([])
    expect(world.log.warnings).toEqual([expect.stringContaining('No security extension present')])
  })

  it.each([
    [undefined, true],
    ['true', true],
    ['false', false],
    ['TRUE', false],
    ['1', false],
    ['', false],
  ])('HIVEMQ_ALLOW_ALL_CLIENTS=%s: allow-all runs: %s', async (value, isRunning) => {
    using folders = new ExtensionFolders()
    const id = 'hivemq-allow-all-extension'
    writeExtension(folders.folder, id)
    const world = new World(folders.folder, { [id]: OPEN_TO_ALL }, value)
    await world.host.start()
    expect(world.started).toEqual(isRunning ? [id] : [])
    // The folder is left alone, unlike by HiveMQ's image.
    expect(existsSync(join(folders.folder, id, 'DISABLED'))).toBe(false)
  })

  it.each([
    ['throws', () => Promise.reject(new Error('no port')), 'It did not start: Error: no port'],
    ['is no extension', null, 'It could not be loaded'],
  ])('one that %s is disabled, and the rest runs', async (_what, start, reason) => {
    using folders = new ExtensionFolders()
    const extension = (start === null ? {} : { start }) as Extension
    writeExtension(folders.folder, 'bad', {}, { startPriority: 9999 })
    writeExtension(folders.folder, 'good')
    const world = new World(folders.folder, { bad: extension, good: OPEN_TO_ALL })
    await world.host.start()
    expect(world.started).toEqual(['good'])
    expect(readFileSync(join(folders.folder, 'bad', 'DISABLED'), 'utf8')).toContain(reason)
  })

  it('what an extension registered before its start failed counts no more', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'half')
    const world = new World(folders.folder, {
      half: {
        async start(context) {
          await OPEN_TO_ALL.start(context)
          context.services.metrics.counter('half').inc()
          throw new Error('too late')
        },
      },
    })
    await world.host.start()
    expect(world.host.authenticators).toEqual([])
  })

  it('one that fails to stop does not keep the others from stopping', async () => {
    using folders = new ExtensionFolders()
    let isStopped = false
    writeExtension(folders.folder, 'bad', {}, { startPriority: 9999 })
    writeExtension(folders.folder, 'good')
    const world = new World(folders.folder, {
      bad: { ...OPEN_TO_ALL, stop: () => Promise.reject(new Error('stuck')) },
      good: { start: () => undefined, stop: () => void (isStopped = true) },
    })
    await world.host.start()
    await world.host.stop()
    expect(isStopped).toBe(true)
    expect(world.log.warnings).toEqual([
      expect.stringMatching(/^WARN Extension with id "bad" cannot be stopped cleanly: Error: stuck/),
    ])
    expect(existsSync(join(folders.folder, 'bad', 'DISABLED'))).toBe(true)
  })

  it('goes on without one whose start takes for ever, and refuses whom it might have refused until it is there', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'first', {}, { priority: 9 })
    writeExtension(folders.folder, 'hanging', {}, { priority: 5 })
    writeExtension(folders.folder, 'last', {}, { startPriority: 1 })
    let finish!: () => void
    const world = new World(folders.folder, {
      first: OPEN_TO_ALL,
      hanging: { start: () => new Promise<void>((resolve) => (finish = resolve)) },
      last: OPEN_TO_ALL,
    })
    const start = world.host.start()
    await world.log.waitFor(/"first" version .* started/)
    await new Promise(setImmediate)
    world.clock.advance(60_025)
    await start
    const deciders = (): string[] => world.host.authenticators.map(({ extension }) => extension.information.id)
    expect(world.started).toEqual(['first', 'last'])
    expect(deciders()).toEqual(['first', 'hanging', 'last'])
    const [, placeholder] = world.host.authenticators
    expect((placeholder!.callback as SimpleAuthenticator).onConnect({} as never)).toMatchObject({ outcome: 'fail' })
    expect(world.log.warnings).toEqual([expect.stringMatching(/"hanging" has not finished start\(\) within 60 s/)])
    finish()
    await world.log.waitFor(/"hanging" version .* started successfully, though late/)
    expect(deciders()).toEqual(['first', 'last'])
  })

  it('does not wait for ever for one to stop', async () => {
    using folders = new ExtensionFolders()
    let isStopped = false
    writeExtension(folders.folder, 'hanging', {}, { startPriority: 9999 })
    writeExtension(folders.folder, 'good')
    const world = new World(folders.folder, {
      hanging: { ...OPEN_TO_ALL, stop: () => new Promise(() => undefined) },
      good: { start: () => undefined, stop: () => void (isStopped = true) },
    })
    await world.host.start()
    const stop = world.host.stop()
    world.clock.advance(3_025)
    await stop
    expect(isStopped).toBe(true)
    expect(world.log.warnings).toEqual([expect.stringMatching(/"hanging" has not finished stop\(\) within 3 s/)])
  })

  it('tells an extension who it is, what runs beside it, and about the broker', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'first', {}, { startPriority: 9999 })
    writeExtension(folders.folder, 'second', {}, { version: '2.1', priority: 7 })
    const seen: unknown[] = []
    const world = new World(folders.folder, {
      first: OPEN_TO_ALL,
      second: {
        start({ extension, enabledExtensions, services }) {
          seen.push(extension, [...enabledExtensions.keys()], services.admin.server.version, services.admin.stage)
        },
      },
    })
    await world.host.start()
    expect(seen).toEqual([
      {
        id: 'second',
        name: 'second',
        version: '2.1',
        author: undefined,
        homeFolder: join(folders.folder, 'second'),
        priority: 7,
        startPriority: 1000,
      },
      ['first', 'second'],
      '1.2.3',
      'starting',
    ])
  })

  it('runs tasks until the extension stops, also after one that failed', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'ticking')
    const runs: string[] = []
    const world = new World(folders.folder, {
      ticking: {
        start({ services }) {
          services.scheduler.every(1000, () => {
            runs.push('every')
            if (runs.length === 2) throw new Error('first time')
          })
          services.scheduler.every(60_000, () => void runs.push('at once'), { initialDelayMs: 0 })
          services.scheduler.after(1500, () => void runs.push('after'))
          services.scheduler.after(100, () => void runs.push('never'))[Symbol.dispose]()
        },
      },
    })
    await world.host.start()
    const pass = async (): Promise<void> => {
      world.clock.advance(1_025)
      await new Promise(setImmediate)
    }
    for (let i = 0; i < 3; i++) await pass()
    expect(runs).toEqual(['at once', 'every', 'after', 'every', 'every'])
    expect(world.log.warnings.filter((line) => line.includes('first time'))).toHaveLength(1)
    await world.host.stop()
    await pass()
    expect(runs).toHaveLength(5)
    expect(world.clock.alarms).toBe(0)
  })

  it('runs tasks at a fixed rate: at multiples of the period, whatever they take', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'ticking')
    const startedAt: number[] = []
    let world: World | null = null
    let finish = (): void => undefined
    world = new World(folders.folder, {
      ticking: {
        start({ services: { scheduler } }) {
          const task = async (): Promise<void> => {
            startedAt.push(Math.round(world!.clock.now() - beginning))
            await new Promise<void>((resolve) => (finish = resolve))
          }
          scheduler.every(1_000, task, { mode: 'fixed-rate', initialDelayMs: 0 })
          expect(() => scheduler.every(1_000, task, { mode: 'hourly' as never })).toThrow(
            'expected fixed-delay or fixed-rate',
          )
        },
      },
    })
    const beginning = world.clock.now()
    const pass = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms; i += 25) world.clock.advance(25)
      await new Promise(setImmediate)
    }
    await world.host.start()
    await pass(250)
    finish()
    await pass(0)
    await pass(1_000)
    // This one takes longer than two periods: they are left out.
    await pass(2_500)
    finish()
    await pass(0)
    await pass(1_000)
    expect(startedAt.map((ms) => Math.floor(ms / 100))).toEqual([0, 10, 40])
  })

  it('keeps nothing of tasks that have run once', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'busy')
    let listeners = (): number => Number.NaN
    const world = new World(folders.folder, {
      busy: {
        start({ services: { scheduler }, signal }) {
          listeners = () => getEventListeners(signal, 'abort').length
          for (let i = 0; i < 5; i++) scheduler.after(1000, () => undefined)
        },
      },
    })
    await world.host.start()
    expect(listeners()).toBe(5)
    world.clock.advance(1_025)
    expect(listeners()).toBe(0)
  })

  it('keeps metrics by name, and takes them back with the extension', async () => {
    using folders = new ExtensionFolders()
    writeExtension(folders.folder, 'one', {}, { startPriority: 9999 })
    writeExtension(folders.folder, 'two')
    const readings: unknown[] = []
    const world = new World(folders.folder, {
      one: {
        start({ services: { metrics } }) {
          metrics.counter('b.count').inc(2)
          metrics.counter('b.count').inc()
          metrics.gauge('a.value', () => 7)
          metrics.gauge('c.broken', () => {
            throw new Error('broken')
          })
          metrics.gauge('d.flag', () => true as never)
          metrics.gauge('e.text', () => 'text' as never)
          metrics.histogram('f.bytes').update(5)
          metrics.timer('g.time').update(2)
        },
      },
      two: {
        start({ services: { metrics } }) {
          readings.push(...metrics.readAll())
          metrics.counter('b.count')
        },
      },
    })
    await world.host.start()
    expect(readings).toEqual([
      { name: 'a.value', kind: 'gauge', value: 7 },
      { name: 'b.count', kind: 'counter', value: 3 },
      { name: 'd.flag', kind: 'gauge', value: 1 },
      { name: 'f.bytes', kind: 'histogram', count: 1, quantiles: [5, 5, 5, 5, 5, 5] },
      { name: 'g.time', kind: 'timer', count: 1, quantiles: [2, 2, 2, 2, 2, 2] },
    ])
    expect(world.log.warnings).toContain(
      'ERROR Extension with id "two" failed to start. The extension will be disabled.: The metric b.count exists already, made by one',
    )
  })
})
