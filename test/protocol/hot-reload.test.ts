// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Connack } from '../../src/codec/connack.ts'
import type { Disconnect } from '../../src/codec/disconnect.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { Extension } from '../../src/extension-sdk/extension.ts'
import { type Description, writeExtension } from '../support/extension-folders.ts'
import { ExtensionBroker, type TestExtension } from '../support/extension-broker.ts'
import { MemoryClient, textOf } from '../support/memory-client.ts'

const OPEN_TO_ALL: Extension = {
  start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) }),
}

/** Code that lets in who is called like this. */
const welcoming = (name: string, more = ''): string => `
export default {
  async start({ services, previousVersion, log, signal }) {
    services.security.setAuthenticator({
      onConnect: ({ connect }) => ({ outcome: connect.clientId.startsWith('${name}') ? 'success' : 'fail' }),
    })
    ${more}
  },
}`

/** A broker whose extensions have code that lies in their folders. */
class World implements AsyncDisposable {
  readonly broker: ExtensionBroker

  constructor(broker: ExtensionBroker) {
    this.broker = broker
  }

  static async start(bundled: Readonly<Record<string, TestExtension | Extension>> = {}): Promise<World> {
    return new World(await ExtensionBroker.start(bundled))
  }

  get folder(): string {
    return this.broker.folders.folder
  }

  write(id: string, code: string, description: Description = {}): string {
    return writeExtension(this.folder, id, { 'extension.js': code }, description)
  }

  /** Looks until a change that has been made is in force. */
  async follow(): Promise<void> {
    const { host } = this.broker
    await host.look()
    await host.look()
  }

  mayConnect(clientId: string): boolean {
    const client = MemoryClient.open(this.broker.broker, clientId)
    return client.takeFirst<Connack>(PacketType.CONNACK).reasonCode === 0
  }

  get warnings(): string[] {
    return this.broker.log.warnings.filter((line) => !line.includes('No security extension'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]()
  }
}

function isServed(client: MemoryClient): boolean {
  client.send({ type: PacketType.PINGREQ })
  return client.take().some(({ type }) => type === PacketType.PINGRESP)
}

describe('an extension at run time', () => {
  it('is started when its folder appears and has stopped changing', async () => {
    await using world = await World.start()
    world.write('guests', 'half a fi')
    await world.broker.host.look()
    world.write('guests', welcoming('guest'))
    await world.broker.host.look()
    expect(world.mayConnect('guest')).toBe(false)
    await world.broker.host.look()
    expect(world.mayConnect('guest')).toBe(true)
    expect(world.warnings).toEqual([])
  })

  it('of HiveMQ that we serve is started when it is copied after the start, jar or not', async () => {
    await using world = await World.start({ known: OPEN_TO_ALL })
    rmSync(join(world.folder, 'known'), { recursive: true })
    await world.follow()
    expect(world.mayConnect('c')).toBe(false)
    writeExtension(world.folder, 'known', { 'known-4.5.3.jar': 'PK' })
    writeExtension(world.folder, 'foreign', { 'foreign.jar': 'PK' })
    await world.follow()
    await world.follow()
    expect(world.mayConnect('c')).toBe(true)
    expect(world.warnings).toEqual([expect.stringMatching(/"foreign" .* is a Java extension/)])
  })

  it('is looked after every second', async () => {
    await using world = await World.start({ known: OPEN_TO_ALL })
    const { host, broker } = world.broker
    host.follow()
    writeFileSync(join(world.folder, 'known', 'DISABLED'), '')
    while (world.mayConnect('c')) {
      broker.clock.advance(1_000)
      await endOfTurn()
    }
    expect(world.broker.log.lines.at(-1)).toMatch(/No security extension present/)
  })

  it('is replaced when its code changes; clients stay', async () => {
    await using world = await World.start()
    world.write('guests', welcoming('old'))
    await world.follow()
    const client = MemoryClient.connect(world.broker.broker, 'old')
    const note = 'log.info(`after ${previousVersion}`)'
    world.write('guests', welcoming('new', note), { version: '2.0.0' })
    await world.follow()
    expect([world.mayConnect('old-2'), world.mayConnect('new')]).toEqual([false, true])
    expect(isServed(client)).toBe(true)
    expect(world.broker.log.lines.slice(-3)).toEqual([
      'INFO Extension guests: after 1.0.0',
      'INFO Extension "guests" version 2.0.0 runs in place of version 1.0.0.',
      'INFO Extension "guests" version 1.0.0 stopped successfully.',
    ])
    expect(world.warnings).toEqual([])
  })

  it('is not replaced for another time of its files, and is for a change that keeps time and size', async () => {
    await using world = await World.start()
    const file = join(world.write('guests', welcoming('old')), 'extension.js')
    const time = new Date('2026-01-01')
    utimesSync(file, time, time)
    await world.follow()
    utimesSync(file, new Date(), new Date())
    await world.follow()
    expect(world.broker.log.lines.some((line) => line.includes('in place of'))).toBe(false)
    writeFileSync(file, welcoming('new'))
    utimesSync(file, time, time)
    await world.follow()
    expect(world.mayConnect('new')).toBe(true)
  })

  it('is replaced when Kubernetes swaps the folder behind its links', async () => {
    await using world = await World.start()
    const folder = join(world.folder, 'guests')
    const volume = (name: string, code: string): void => {
      writeExtension(folder, name, { 'extension.js': code }, { id: 'guests' })
      symlinkSync(name, join(folder, '..next'))
      renameSync(join(folder, '..next'), join(folder, '..data'))
    }
    mkdirSync(folder)
    volume('..2026_01_01', welcoming('old'))
    for (const name of ['hivemq-extension.xml', 'extension.js']) symlinkSync(`..data/${name}`, join(folder, name))
    await world.follow()
    expect(world.mayConnect('old')).toBe(true)
    // The same once more is no change.
    volume('..2026_01_02', welcoming('old'))
    rmSync(join(folder, '..2026_01_01'), { recursive: true })
    await world.follow()
    expect(world.broker.log.lines.some((line) => line.includes('in place of'))).toBe(false)
    volume('..2026_01_03', welcoming('new'))
    rmSync(join(folder, '..2026_01_02'), { recursive: true })
    await world.follow()
    expect([world.mayConnect('old'), world.mayConnect('new')]).toEqual([false, true])
  })

  it.each([
    ['has DISABLED', (path: string) => writeFileSync(join(path, 'DISABLED'), '')],
    ['is removed', (path: string) => rmSync(path, { recursive: true })],
  ])('stops when its folder %s, and starts again; clients stay', async (_name, switchOff) => {
    await using world = await World.start()
    const path = world.write('guests', welcoming('guest'))
    await world.follow()
    const client = MemoryClient.connect(world.broker.broker, 'guest')
    switchOff(path)
    await world.follow()
    expect(world.mayConnect('guest-2')).toBe(false)
    expect(isServed(client)).toBe(true)
    expect(world.broker.log.warnings.at(-1)).toMatch(/No security extension present/)
    rmSync(join(path, 'DISABLED'), { force: true })
    world.write('guests', welcoming('guest'))
    await world.follow()
    expect(world.mayConnect('guest-2')).toBe(true)
  })

  it.each([
    ['is no JavaScript', 'export default {'],
    ['throws while it is loaded', 'throw new Error("no")'],
    ['is no extension', 'export default {}'],
    ['throws in start()', 'export default { start() { throw new Error("no") }, stop() { throw new Error("nor") } }'],
  ])('whose new code %s goes on with the old, after one warning', async (_name, code) => {
    await using world = await World.start()
    const path = world.write('guests', welcoming('old'))
    await world.follow()
    world.write('guests', code)
    for (let i = 0; i < 3; i++) await world.follow()
    expect(world.mayConnect('old')).toBe(true)
    expect(world.warnings).toEqual([
      expect.stringMatching(
        /^WARN Extension with id "guests" has changed and does not start: version 1\.0\.0, which runs, /,
      ),
    ])
    writeFileSync(join(path, 'extension.js'), welcoming('new'))
    await world.follow()
    expect(world.mayConnect('new')).toBe(true)
    expect(world.warnings).toHaveLength(1)
  })

  it('whose new code does not come to an end with start() goes on with the old', async () => {
    await using world = await World.start()
    world.write('guests', welcoming('old'))
    await world.follow()
    world.write('guests', welcoming('new', `log.info('begins'); await new Promise(() => undefined)`))
    await world.broker.host.look()
    const look = world.broker.host.look()
    await world.broker.log.waitFor(/begins/)
    expect(world.mayConnect('old')).toBe(true)
    world.broker.broker.clock.advance(61_000)
    await look
    expect(world.mayConnect('old')).toBe(true)
    expect(world.warnings).toEqual([expect.stringMatching(/start\(\) has not finished within 60 s/)])
  })

  it('whose description becomes wrong goes on, after one warning', async () => {
    await using world = await World.start()
    const path = world.write('guests', welcoming('guest'))
    await world.follow()
    writeFileSync(join(path, 'hivemq-extension.xml'), '<hivemq-extension>')
    for (let i = 0; i < 3; i++) await world.follow()
    expect(world.mayConnect('guest')).toBe(true)
    expect(world.warnings).toEqual([expect.stringMatching(/The extension goes on as it was\.$/)])
  })

  it('that comes with the broker follows its description without being started anew', async () => {
    let starts = 0
    const counting: Extension = {
      start(context) {
        starts++
        return OPEN_TO_ALL.start(context)
      },
    }
    const refusing: Extension = {
      start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'fail' }) }),
    }
    await using world = await World.start({ counting, refusing: { extension: refusing, priority: 5 } })
    expect(world.mayConnect('c')).toBe(false)
    writeExtension(world.folder, 'counting', {}, { priority: 10 })
    await world.follow()
    expect(world.mayConnect('c')).toBe(true)
    expect(starts).toBe(1)
  })

  it('goes on when the folder of all cannot be read', async () => {
    await using world = await World.start()
    world.write('guests', welcoming('guest'))
    await world.follow()
    renameSync(world.folder, `${world.folder}-away`)
    await world.follow()
    expect(world.mayConnect('guest')).toBe(true)
    renameSync(`${world.folder}-away`, world.folder)
    await world.follow()
    expect(world.mayConnect('guest')).toBe(true)
    expect(world.warnings).toEqual([expect.stringMatching(/cannot be read: what runs goes on/)])
  })

  it('in a folder that cannot be written to is not tried again and again', async () => {
    await using world = await World.start()
    const path = world.write('broken', 'throw new Error("no")')
    chmodSync(path, 0o500)
    await world.follow()
    rmSync(join(path, 'DISABLED'), { force: true })
    for (let i = 0; i < 3; i++) await world.follow()
    expect(world.warnings.filter((line) => line.includes('could not be loaded'))).toHaveLength(1)
    chmodSync(path, 0o700)
  })
})

describe('while an extension is replaced', () => {
  it('another that takes its place in the same moment decides before it has gone', async () => {
    await using world = await World.start({ first: OPEN_TO_ALL })
    writeFileSync(join(world.folder, 'first', 'DISABLED'), '')
    world.write('second', welcoming('guest', 'log.info(String(services.admin.stage))'))
    const { log, host } = world.broker
    await host.look()
    const seen: boolean[] = []
    const look = host.look()
    while (!log.lines.some((line) => line.includes('"first" version 1.0.0 stopped'))) {
      seen.push(world.mayConnect('guest'))
      await endOfTurn()
    }
    await look
    expect(new Set(seen)).toEqual(new Set([true]))
    expect(world.mayConnect('stranger')).toBe(false)
  })

  const AUTHORIZING = (topic: string): string =>
    welcoming(
      '',
      `services.security.setAuthorizer({
        authorizePublish: ({ publish }) => ({ outcome: publish.topicName === '${topic}' ? 'allow' : 'deny' }),
      })`,
    )

  it('clients that are there are judged by the new one', async () => {
    await using world = await World.start()
    world.write('security', AUTHORIZING('old'))
    await world.follow()
    const client = MemoryClient.connect(world.broker.broker, 'c')
    const watcher = MemoryClient.connect(world.broker.broker, 'watcher')
    watcher.subscribe(['#'])
    client.publish('old', '1')
    world.write('security', AUTHORIZING('new'))
    await world.follow()
    client.publish('new', '2')
    client.publish('old', '3')
    expect(watcher.takePublishes().map(textOf)).toEqual(['1', '2'])
    expect(client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode).toBe(0x87)
  })

  it('one that goes and has decided about a client leaves it without permission, not with every', async () => {
    await using world = await World.start({ open: OPEN_TO_ALL })
    const path = world.write('security', AUTHORIZING('a'), { priority: 5 })
    await world.follow()
    const client = MemoryClient.connect(world.broker.broker, 'c')
    client.publish('a', '1')
    expect(isServed(client)).toBe(true)
    writeFileSync(join(path, 'DISABLED'), '')
    await world.follow()
    client.publish('a', '2')
    expect(client.takeFirst<Disconnect>(PacketType.DISCONNECT).reasonCode).toBe(0x87)
    // Who comes now was let in by somebody else.
    const other = MemoryClient.connect(world.broker.broker, 'd')
    other.publish('a', '3')
    expect(isServed(other)).toBe(true)
  })

  it('one that goes while it thinks about a client does not let it in: its authorizer would not be asked', async () => {
    const thinking = `export default {
      start({ services }) {
        services.security.setAuthenticator({
          onConnect: () => new Promise((resolve) => (globalThis.reloadDecide = resolve)),
        })
        services.security.setAuthorizer({ authorizePublish: () => ({ outcome: 'deny' }) })
      },
    }`
    await using world = await World.start()
    const path = world.write('security', thinking)
    await world.follow()
    const client = MemoryClient.open(world.broker.broker, 'c')
    writeFileSync(join(path, 'DISABLED'), '')
    await world.broker.host.look()
    const look = world.broker.host.look()
    while (world.broker.host.authenticators.length > 0) await endOfTurn()
    const decide = Reflect.get(globalThis, 'reloadDecide') as (decision: object) => void
    decide({ outcome: 'success' })
    await look
    world.broker.broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x87)
  })

  it('what it has begun to think about it decides, and only then it ends', async () => {
    await using world = await World.start()
    const decisions: Record<string, (decision: object) => void> = {}
    Reflect.set(globalThis, 'reloadDecisions', decisions)
    const thinking = (name: string): string => `export default {
      start({ services }) {
        services.security.setAuthenticator({
          onConnect: () => new Promise((resolve) => (globalThis.reloadDecisions.${name} = resolve)),
        })
      },
    }`
    world.write('thinking', thinking('old'))
    await world.follow()
    const first = MemoryClient.open(world.broker.broker, 'first')
    world.write('thinking', thinking('renewed'))
    const follow = world.follow()
    await world.broker.log.waitFor(/runs in place of/)
    const second = MemoryClient.open(world.broker.broker, 'second')
    expect(world.broker.log.lines.some((line) => line.includes('stopped successfully'))).toBe(false)
    decisions['old']!({ outcome: 'success' })
    await follow
    expect(world.broker.log.lines.at(-1)).toContain('stopped successfully')
    world.broker.broker.settle()
    expect(first.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
    decisions['renewed']!({ outcome: 'fail' })
    await world.broker.settle()
    expect(second.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0x87)
  })

  it('a question that reaches it only then is for the new one', async () => {
    let decide!: (decision: { outcome: 'next' }) => void
    const slow: Extension = {
      start: ({ services }) =>
        services.security.setAuthenticator({ onConnect: () => new Promise((resolve) => (decide = resolve)) }),
    }
    await using world = await World.start({ slow: { extension: slow, priority: 9 } })
    world.write('guests', welcoming('old'))
    await world.follow()
    const client = MemoryClient.open(world.broker.broker, 'new')
    world.write('guests', welcoming('new'))
    await world.follow()
    decide({ outcome: 'next' })
    await world.broker.settle()
    expect(client.takeFirst<Connack>(PacketType.CONNACK).reasonCode).toBe(0)
  })

  it('permissions that its initialiser gave are those of the new one', async () => {
    const initializing = (topic: string): string =>
      `export default { start: ({ services }) => services.initializers.setClientInitializer(({ defaultPermissions }) => {
        defaultPermissions.add({ topicFilter: '${topic}' })
        globalThis.reloadPermissions = defaultPermissions
      }) }`
    await using world = await World.start({ open: OPEN_TO_ALL })
    const client = MemoryClient.connect(world.broker.broker, 'c')
    const path = world.write('initializing', initializing('old'))
    await world.follow()
    const old = Reflect.get(globalThis, 'reloadPermissions') as { list: readonly unknown[]; clear(): void }
    expect(client.subscribe(['old', 'new'])).toEqual([0, 0x87])
    world.write('initializing', initializing('new'))
    await world.follow()
    expect(old.list).toEqual([{ topicFilter: 'new' }])
    expect(() => old.clear()).toThrow('The extension is stopped')
    expect(client.subscribe(['old', 'new'])).toEqual([0x87, 0])
    // What it forbade stays forbidden when it goes.
    rmSync(path, { recursive: true })
    await world.follow()
    expect(client.subscribe(['old', 'new'])).toEqual([0x87, 0])
  })

  const INITIALIZING = (body: string): string =>
    `export default { start: ({ services }) => services.initializers.setClientInitializer(
      ({ client, defaultPermissions }) => { ${body} }
    ) }`

  it('what an initialiser has forbidden stays so where the next one fails', async () => {
    await using world = await World.start({ open: OPEN_TO_ALL })
    const client = MemoryClient.connect(world.broker.broker, 'c')
    world.write('initializing', INITIALIZING(`defaultPermissions.add({ topicFilter: 'old' })`))
    await world.follow()
    world.write('initializing', INITIALIZING(`defaultPermissions.add({ topicFilter: 'half' }); throw new Error('no')`))
    await world.follow()
    expect(client.subscribe(['old', 'half', 'other'])).toEqual([0, 0x87, 0x87])
    world.write('initializing', INITIALIZING(`defaultPermissions.add({ topicFilter: 'new' })`))
    await world.follow()
    expect(client.subscribe(['old', 'half', 'new'])).toEqual([0x87, 0x87, 0])
  })

  it('permissions of the new one stand where those of the old one stood: the first that applies decides', async () => {
    await using world = await World.start({ open: OPEN_TO_ALL })
    const permit = (more: string): string => INITIALIZING(`defaultPermissions.add({ topicFilter: 'a/#' }); ${more}`)
    world.write('first', permit(''), { startPriority: 2000 })
    world.write('second', INITIALIZING(`defaultPermissions.add({ topicFilter: 'a/b', type: 'deny' })`))
    await world.follow()
    const client = MemoryClient.connect(world.broker.broker, 'c')
    expect(client.subscribe(['a/b', 'c'])).toEqual([0, 0x87])
    world.write('first', permit(`defaultPermissions.add({ topicFilter: 'c' })`), { startPriority: 2000 })
    await world.follow()
    expect(client.subscribe(['a/b', 'c'])).toEqual([0, 0])
  })

  it('what an initialiser gave counts no more when its extension comes back', async () => {
    await using world = await World.start({ open: OPEN_TO_ALL })
    const client = MemoryClient.connect(world.broker.broker, 'c')
    const path = world.write('initializing', INITIALIZING(`defaultPermissions.add({ topicFilter: 'old' })`))
    await world.follow()
    rmSync(path, { recursive: true })
    await world.follow()
    expect(client.subscribe(['old', 'new'])).toEqual([0, 0x87])
    world.write('initializing', INITIALIZING(`defaultPermissions.add({ topicFilter: 'new' })`))
    await world.follow()
    expect(client.subscribe(['old', 'new'])).toEqual([0x87, 0])
  })

  it('a client that has gone is not initialised, however long its side stays open', async () => {
    await using world = await World.start({ open: OPEN_TO_ALL })
    const client = MemoryClient.connect(world.broker.broker, 'gone')
    MemoryClient.connect(world.broker.broker, 'here')
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    world.write(
      'listening',
      `export default { start: ({ services, log }) => {
        services.initializers.setClientInitializer(({ client }) => log.info('initialises ' + client.clientId))
        services.events.setClientLifecycleListener((event) => log.info('hears of ' + event.client.clientId))
      } }`,
    )
    await world.follow()
    const heard = world.broker.log.lines.filter((line) => line.includes('Extension listening: '))
    expect(heard).toEqual(['INFO Extension listening: hears of here', 'INFO Extension listening: initialises here'])
  })

  it('packets are seen by the interceptors of one of them, never of both', async () => {
    const marking = (mark: string): string =>
      `const mark = (payload) => Buffer.concat([payload, Buffer.from('${mark}')])
      export default { start: ({ services }) => {
        services.interceptors.setGlobal({ connackOutbound: () => ({
          outcome: 'modify', changes: { userProperties: [['by', '${mark}']] },
        }) })
        services.initializers.setClientInitializer((context) => {
          const change = ({ packet }) => ({ outcome: 'modify', changes: { payload: mark(packet.payload) } })
          context.intercept({ publishInbound: change, publishOutbound: change })
        })
      } }`
    await using world = await World.start({ open: OPEN_TO_ALL })
    const client = MemoryClient.connect(world.broker.broker, 'c')
    client.subscribe(['#'])
    const path = world.write('marking', marking('1'))
    const seen: string[] = []
    const publish = async (): Promise<void> => {
      client.publish('t', 'm')
      await world.broker.settle()
      seen.push(...client.takePublishes().map(textOf))
    }
    await publish()
    await world.follow()
    await publish()
    world.write('marking', marking('2'))
    await world.follow()
    await publish()
    const other = MemoryClient.open(world.broker.broker, 'd')
    await world.broker.settle()
    const connack = other.takeFirst<Connack>(PacketType.CONNACK)
    expect(connack.properties?.userProperties).toEqual([['by', '2']])
    rmSync(path, { recursive: true })
    await world.follow()
    await publish()
    expect(seen).toEqual(['m', 'm11', 'm22', 'm'])
  })

  it('the new one hears how connections end that the old one has seen begin', async () => {
    const listening = (name: string): string =>
      `export default { start: ({ services, log }) => services.events.setClientLifecycleListener({
        onMqttConnectionStart: () => log.info('${name} start'),
        onDisconnect: () => log.info('${name} end'),
      }) }`
    await using world = await World.start({ open: OPEN_TO_ALL })
    world.write('listening', listening('old'))
    await world.follow()
    const client = MemoryClient.connect(world.broker.broker, 'c')
    world.write('listening', listening('new'))
    await world.follow()
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    const heard = world.broker.log.lines.filter((line) => line.includes('Extension listening: '))
    expect(heard).toEqual(['INFO Extension listening: old start', 'INFO Extension listening: new end'])
  })

  it('metrics of the same names go on, and are still there when a new one has failed', async () => {
    const counting = (value: number, more = ''): string =>
      `export default { start: ({ services: { metrics } }) => {
        metrics.counter('acme.count').inc(${value})
        metrics.gauge('acme.gauge', () => ${value})
        ${more}
      } }`
    await using world = await World.start()
    const read = (): unknown[] =>
      world.broker.registry.readAll().map((reading) => 'value' in reading && [reading.name, reading.value])
    const path = world.write('counting', counting(1))
    await world.follow()
    world.write('counting', counting(2))
    await world.follow()
    expect(read()).toEqual([
      ['acme.count', 3],
      ['acme.gauge', 2],
    ])
    world.write('counting', counting(3, 'throw new Error("no")'))
    await world.follow()
    expect(read()).toEqual([
      ['acme.count', 6],
      ['acme.gauge', 2],
    ])
    rmSync(path, { recursive: true })
    await world.follow()
    expect(read()).toEqual([])
  })
})
