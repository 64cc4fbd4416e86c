// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import fileRbac from '../../extensions/hivemq-file-rbac-extension/extension.ts'
import type { BrokerSettings } from '../../src/broker/settings.ts'
import type { Connack } from '../../src/codec/connack.ts'
import type { Packet } from '../../src/codec/packet.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { SubscriptionAck } from '../../src/codec/suback.ts'
import type { Extension } from '../../src/extension-sdk/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { credentialsXml, hashOf, type RbacUser } from '../support/file-rbac.ts'
import { MemoryClient } from '../support/memory-client.ts'

const { V3_1, V3_1_1, V5 } = ProtocolVersion
const ID = 'hivemq-file-rbac-extension'

const USER: RbacUser = { name: 'user', password: hashOf('secret'), roles: ['role'] }
const config = (content: string): string => `<extension-configuration>${content}</extension-configuration>`
const topic = (filter: string, rest = ''): string => `<topic>${filter}</topic>${rest}`

function startWith(
  permissions: readonly string[],
  files: Readonly<Record<string, string>> = {},
  others: Readonly<Record<string, Extension>> = {},
  settings: Partial<BrokerSettings> = {},
): Promise<ExtensionBroker> {
  const extension = {
    extension: fileRbac,
    priority: 1000,
    files: {
      'extension-config.xml': config(''),
      'credentials.xml': credentialsXml([USER], { role: permissions }),
      ...files,
    },
  }
  return ExtensionBroker.start({ [ID]: extension, ...others }, settings)
}

interface Login {
  readonly clientId?: string
  readonly version?: ProtocolVersion
  readonly userName?: string
  readonly password?: string
  readonly isPersistent?: boolean
}

const KNOWN: Login = { userName: 'user', password: 'secret' }

function open(
  broker: ExtensionBroker,
  { clientId = 'client', version = V5, userName, password, isPersistent = false }: Login,
): MemoryClient {
  return MemoryClient.open(broker.broker, clientId, {
    version,
    isPersistent,
    connect: {
      ...(userName !== undefined && { userName }),
      ...(password !== undefined && { password: Buffer.from(password) }),
    },
  })
}

/** What comes of a CONNECT. Hashes are computed elsewhere, so it takes some turns. */
async function connackOf(broker: ExtensionBroker, login: Login): Promise<[MemoryClient, Connack]> {
  const client = open(broker, login)
  for (;;) {
    const [packet] = client.take()
    if (packet !== undefined) return [client, packet as Connack]
    await endOfTurn()
    broker.broker.settle()
  }
}

async function connect(broker: ExtensionBroker, login: Login = KNOWN): Promise<MemoryClient> {
  const [client, connack] = await connackOf(broker, login)
  expect(connack.reasonCode).toBe(0)
  return client
}

async function refusalOf(broker: ExtensionBroker, login: Login): Promise<[number, string | undefined]> {
  const [, { reasonCode, properties }] = await connackOf(broker, login)
  return [reasonCode, properties?.reasonString]
}

function publish(client: MemoryClient, topicName: string, qos: QoS = 0, retain = false): Packet[] {
  client.send({
    type: PacketType.PUBLISH,
    dup: false,
    qos,
    retain,
    topicName,
    packetId: qos === 0 ? 0 : 7,
    payload: Buffer.from('x'),
    properties: {},
  })
  return client.take()
}

function subscribe(client: MemoryClient, ...filters: readonly string[]): Packet[] {
  client.send({
    type: PacketType.SUBSCRIBE,
    packetId: 9,
    subscriptions: filters.map((topicFilter) => ({
      topicFilter,
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    })),
    properties: {},
  })
  return client.take()
}

const codesOf = (packets: readonly Packet[]): unknown[] =>
  packets.map((packet) => [packet.type, 'reasonCode' in packet ? packet.reasonCode : undefined])

describe('hivemq-file-rbac-extension: who may connect', () => {
  const INVALID = 'Authentication failed because of invalid credentials'
  const MISSING = 'Authentication failed because username or password are missing'
  const IN_CLIENT_ID = "The characters '#' and '+' are not allowed in the client identifier"
  const IN_USER_NAME = "The characters '#' and '+' are not allowed in the username"

  it('CO-31 ER-39 ER-40 ER-41 C-08 C-09: refuses with the code of HiveMQ, and its words', async () => {
    await using broker = await startWith([topic('a')])
    const five = (login: Login): Promise<[number, string | undefined]> => refusalOf(broker, login)
    expect(await five({})).toEqual([0x86, MISSING])
    expect(await five({ userName: 'user' })).toEqual([0x86, MISSING])
    expect(await five({ password: 'secret' })).toEqual([0x86, MISSING])
    expect(await five({ ...KNOWN, clientId: 'a#' })).toEqual([0x85, IN_CLIENT_ID])
    expect(await five({ ...KNOWN, userName: 'us+er' })).toEqual([0x86, IN_USER_NAME])
    expect(await five({ ...KNOWN, password: 'Secret' })).toEqual([0x87, INVALID])
    expect(await five({ ...KNOWN, userName: 'nobody' })).toEqual([0x87, INVALID])
    const three = async (login: Login): Promise<number> => (await refusalOf(broker, { ...login, version: V3_1_1 }))[0]
    expect(await three({})).toBe(4)
    expect(await three({ ...KNOWN, clientId: 'a+' })).toBe(2)
    expect(await three({ ...KNOWN, userName: '#' })).toBe(4)
    expect(await three({ ...KNOWN, password: 'Secret' })).toBe(5)
    expect(await three({ ...KNOWN, userName: 'nobody' })).toBe(5)
    await connect(broker)
    await connect(broker, { ...KNOWN, version: V3_1 })
  })

  it('does not look at the password of an unknown user less closely', async () => {
    // The decoy has the parameters of the first user: one whose check takes long shows in both.
    const slow = { ...USER, password: hashOf('secret', 200_000) }
    const files = { 'credentials.xml': credentialsXml([slow], { role: [topic('a')] }) }
    await using broker = await startWith([], files)
    const timeOf = async (login: Login): Promise<number> => {
      const startedAt = performance.now()
      expect(await refusalOf(broker, login)).toEqual([0x87, INVALID])
      return performance.now() - startedAt
    }
    const known = await timeOf({ ...KNOWN, password: 'wrong' })
    expect(await timeOf({ ...KNOWN, userName: 'nobody' })).toBeGreaterThan(known / 4)
    // With the same wrong password, which is not known yet for another user either.
    const other = await timeOf({ ...KNOWN, userName: 'another', password: 'wrong' })
    const third = await timeOf({ ...KNOWN, userName: 'third', password: 'wrong' })
    expect(Math.min(other, third)).toBeGreaterThan(known / 4)
  })

  it('asks the next extension where it is told so', async () => {
    const next = config('<next-extension-instead-of-fail>true</next-extension-instead-of-fail>')
    const openToAll = {
      'open-to-all': {
        start: ({ services }) => services.security.setAuthenticator({ onConnect: () => ({ outcome: 'success' }) }),
      } satisfies Extension,
    }
    await using patient = await startWith([topic('a')], { 'extension-config.xml': next }, openToAll)
    for (const login of [{}, { ...KNOWN, clientId: '#' }, { ...KNOWN, password: 'wrong' }])
      await connect(patient, login)
    await using strict = await startWith([topic('a')], {}, openToAll)
    expect(await refusalOf(strict, { ...KNOWN, password: 'wrong' })).toEqual([0x87, INVALID])
  })

  it('decides only about the listeners that it is told', async () => {
    const names = (name: string): Record<string, string> => ({
      'extension-config.xml': config(`<listener-names><listener-name>${name}</listener-name></listener-names>`),
    })
    await using own = await startWith([topic('a')], names('memory'))
    await connect(own)
    await using other = await startWith([topic('a')], names('another'))
    expect(await refusalOf(other, KNOWN)).toEqual([0x87, 'Authentication failed'])
  })

  it('refuses everybody as long as no file is valid, and takes one that comes later', async () => {
    await using broker = await startWith([], { 'credentials.xml': '<file-rbac><users/><roles/></file-rbac>' })
    expect(broker.log.warnings.join('\n')).toMatch(
      /credentials\.xml is not valid, all connections are denied:\n.*credentials\.xml: line 1: there are no users\n/,
    )
    expect(broker.log.warnings.filter((line) => line.includes('\n'))).toEqual([])
    expect(await refusalOf(broker, KNOWN)).toEqual([0x87, INVALID])
    writeFileSync(join(broker.folders.folder, ID, 'credentials.xml'), credentialsXml([USER], { role: [topic('a')] }))
    await refresh(broker, 1)
    await broker.log.waitFor(/are in force/)
    await connect(broker)
  })

  it('takes passwords as they are where it is told so', async () => {
    const files = {
      'extension-config.xml': config('<password-type>PLAIN</password-type>'),
      'credentials.xml': credentialsXml([{ ...USER, password: 'clear' }], { role: [topic('a')] }),
    }
    await using broker = await startWith([], files)
    await connect(broker, { ...KNOWN, password: 'clear' })
    expect(await refusalOf(broker, { ...KNOWN, password: 'clearer' })).toEqual([0x87, INVALID])
  })

  it('refuses a user with a hash that cannot be right, and nobody else', async () => {
    const spoilt = ['a:b:c:d', 'c2FsdA==:0:aGFzaA==', 'not base64!:100:aGFzaA=='].map((password, i): RbacUser => ({
      ...USER,
      name: `spoilt-${i}`,
      password,
    }))
    await using broker = await startWith([], {
      'credentials.xml': credentialsXml([USER, ...spoilt], { role: [topic('a')] }),
    })
    for (const { name, password } of spoilt) {
      expect(await refusalOf(broker, { userName: name, password: 'secret' })).toEqual([0x87, INVALID])
      expect(await refusalOf(broker, { userName: name, password })).toEqual([0x87, INVALID])
    }
    await connect(broker)
    expect(broker.log.warnings.filter((line) => line.includes('the user cannot log in'))).toHaveLength(3)
  })

  it('lets nobody in whose names make a permission that is no topic filter', async () => {
    await using broker = await startWith([topic('a#/${{clientid}}')])
    const [five] = await refusalOf(broker, KNOWN)
    expect(five).toBe(0x80)
  })
})

describe('hivemq-file-rbac-extension: what clients may do', () => {
  it('refuses a PUBLISH, and ends the connection', async () => {
    await using broker = await startWith([topic('allowed/#')])
    const { PUBACK, PUBREC, DISCONNECT } = PacketType
    expect(codesOf(publish(await connect(broker), 'other', 0))).toEqual([[DISCONNECT, 0x87]])
    expect(codesOf(publish(await connect(broker), 'other', 1))).toEqual([
      [PUBACK, 0x87],
      [DISCONNECT, 0x87],
    ])
    expect(codesOf(publish(await connect(broker), 'other', 2))).toEqual([
      [PUBREC, 0x87],
      [DISCONNECT, 0x87],
    ])
    for (const version of [V3_1, V3_1_1]) {
      for (const qos of [0, 1, 2] as const) {
        const client = await connect(broker, { ...KNOWN, version })
        expect(publish(client, 'other', qos)).toEqual([])
        expect(client.transport.isEnded).toBe(true)
      }
    }
    expect(codesOf(publish(await connect(broker), 'allowed/a', 1))).toEqual([[PUBACK, 0x10]])
  })

  it('refuses filters one by one, and MQTT 3.1 clients as a whole', async () => {
    await using broker = await startWith([topic('allowed/#')])
    const granted = (packets: readonly Packet[]): readonly number[] => (packets[0] as SubscriptionAck).reasonCodes
    expect(granted(subscribe(await connect(broker), 'allowed/a', '#', '$share/g/allowed/#'))).toEqual([1, 0x87, 1])
    const older = await connect(broker, { ...KNOWN, version: V3_1_1 })
    expect(granted(subscribe(older, 'allowed/a', '#'))).toEqual([1, 0x80])
    const oldest = await connect(broker, { ...KNOWN, version: V3_1 })
    expect(subscribe(oldest, 'allowed/a', '#')).toEqual([])
    expect(oldest.transport.isEnded).toBe(true)
  })

  it('puts the names of the client into topics', async () => {
    await using broker = await startWith([topic('data/${{clientid}}/${{username}}/#')])
    expect(codesOf(publish(await connect(broker), 'data/client/user/x', 1))).toEqual([[PacketType.PUBACK, 0x10]])
    expect(codesOf(publish(await connect(broker), 'data/client/other/x', 1))[0]).toEqual([PacketType.PUBACK, 0x87])
  })

  it('minds activity, QoS, RETAIN and sharing', async () => {
    await using broker = await startWith([
      topic('p', '<activity>PUBLISH</activity><qos>ZERO_ONE</qos><retain>NOT_RETAINED</retain>'),
      topic(
        's',
        '<activity>SUBSCRIBE</activity><shared-subscription>SHARED</shared-subscription><shared-group>g</shared-group>',
      ),
    ])
    const isPublished = async (...[name, qos, retain]: [string, QoS, boolean]): Promise<boolean> => {
      const client = await connect(broker)
      publish(client, name, qos, retain)
      return !client.transport.isEnded
    }
    expect(await isPublished('p', 1, false)).toBe(true)
    expect(await isPublished('p', 2, false)).toBe(false)
    expect(await isPublished('p', 1, true)).toBe(false)
    expect(await isPublished('s', 1, false)).toBe(false)
    const [suback] = subscribe(await connect(broker), 'p', 's', '$share/g/s', '$share/h/s')
    expect((suback as SubscriptionAck).reasonCodes).toEqual([0x87, 0x87, 1, 0x87])
  })

  it('does not take a/+ for a permission to subscribe to a/#, as HiveMQ does', async () => {
    await using broker = await startWith([topic('a/+')])
    const [suback] = subscribe(await connect(broker), 'a/+', 'a/b', 'a/#', 'a/b/c')
    expect((suback as SubscriptionAck).reasonCodes).toEqual([1, 1, 0x87, 0x87])
    expect(broker.log.warnings).toContainEqual(expect.stringContaining('do not allow to subscribe to #'))
  })

  it('does so where it is told to', async () => {
    const files = { 'extension-config.xml': config('<waggle><plus-covers-hash>true</plus-covers-hash></waggle>') }
    await using broker = await startWith([topic('a/+')], files)
    const [suback] = subscribe(await connect(broker), 'a/+', 'a/b', 'a/#', 'a/b/c')
    expect((suback as SubscriptionAck).reasonCodes).toEqual([1, 1, 1, 0x87])
    expect(broker.log.warnings).toEqual([])
  })
})

describe('hivemq-file-rbac-extension: a file that changes', () => {
  it('AU-18: is for new logins; what was in force before goes into the archive', async () => {
    await using broker = await startWith([topic('old')])
    const before = await connect(broker)
    const folder = join(broker.folders.folder, ID)
    const changed = credentialsXml([{ ...USER, password: hashOf('new') }], { role: [topic('new')] })
    writeFileSync(join(folder, 'credentials.xml'), changed)
    await refresh(broker, 59)
    await connect(broker, { ...KNOWN, clientId: 'too early' })
    await refresh(broker, 1)
    await broker.log.waitFor(/1 users and 1 roles are in force/, 2)
    expect(await refusalOf(broker, { ...KNOWN, clientId: 'old' })).toEqual([0x87, expect.any(String)])
    const after = await connect(broker, { ...KNOWN, clientId: 'new', password: 'new' })
    expect(codesOf(publish(after, 'new', 1))).toEqual([[PacketType.PUBACK, 0x10]])
    expect(codesOf(publish(before, 'old', 1))).toEqual([[PacketType.PUBACK, 0x10]])
    const [archived, ...more] = readdirSync(join(folder, 'credentials-archive'))
    expect(more).toEqual([])
    expect(archived).toMatch(/^\d{8}-\d\d-\d\d-\d\d-credentials\.xml$/)
    const file = join(folder, 'credentials-archive', archived!)
    expect(readFileSync(file, 'utf8')).toContain('<topic>old</topic>')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('changes nothing while it is not valid, or gone', async () => {
    await using broker = await startWith([topic('a')])
    const file = join(broker.folders.folder, ID, 'credentials.xml')
    writeFileSync(file, '<file-rbac>')
    await refresh(broker, 60)
    await broker.log.waitFor(/stays in force/)
    await connect(broker)
    const complaints = broker.log.warnings.length
    await refresh(broker, 60)
    expect(broker.log.warnings).toHaveLength(complaints)
    rmSync(file)
    await refresh(broker, 60)
    await connect(broker)
    expect(readdirSync(join(broker.folders.folder, ID))).not.toContain('credentials-archive')
  })
})

describe('hivemq-file-rbac-extension: clients that are connected when the file changes', () => {
  const { CONNACK, DISCONNECT, PUBACK } = PacketType
  const OTHER: RbacUser = { name: 'other', password: hashOf('secret'), roles: ['role'] }
  const PERMISSIONS = [topic('kept/#'), topic('lost/#')]

  interface Scene extends AsyncDisposable {
    readonly broker: ExtensionBroker
    change(users: readonly RbacUser[], permissions: readonly string[]): Promise<void>
  }

  async function startScene(mode: string): Promise<Scene> {
    const broker = await startWith([], {
      'extension-config.xml': config(`<waggle><connected-clients>${mode}</connected-clients></waggle>`),
      'credentials.xml': credentialsXml([USER, OTHER], { role: PERMISSIONS, more: [topic('more')] }),
    })
    let reloads = 1
    return {
      broker,
      async change(users, permissions): Promise<void> {
        const xml = credentialsXml(users, { role: permissions, more: [topic('more')] })
        writeFileSync(join(broker.folders.folder, ID, 'credentials.xml'), xml)
        await refresh(broker, 60)
        await broker.log.waitFor(/roles are in force/, ++reloads)
        await refresh(broker, 0)
      },
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    }
  }

  const reasonsOf = (packets: readonly Packet[]): unknown[] =>
    packets.map((packet) => [
      packet.type,
      'reasonCode' in packet && packet.reasonCode,
      'properties' in packet && (packet.properties as { reasonString?: string }).reasonString,
    ])

  it.each(['update', 'disconnect'])('%s: ends those whose user has gone or has another password', async (mode) => {
    await using scene = await startScene(mode)
    const { broker } = scene
    const [gone, goneOld] = [
      await connect(broker, { ...KNOWN, clientId: 'gone', userName: 'other' }),
      await connect(broker, { ...KNOWN, clientId: 'old', userName: 'other', version: V3_1_1 }),
    ]
    const changed = await connect(broker)
    await scene.change([{ ...USER, password: hashOf('new') }], PERMISSIONS)
    expect(reasonsOf(gone.take())).toEqual([[DISCONNECT, 0x87, 'The user is not there any more']])
    expect(goneOld.take()).toEqual([])
    expect(goneOld.transport.isEnded).toBe(true)
    expect(reasonsOf(changed.take())).toEqual([[DISCONNECT, 0x87, 'The password of the user has changed']])
    expect(broker.log.lines).toContainEqual(expect.stringContaining('Of 3 clients 0 have new permissions, 3 were disc'))
  })

  it('update: nobody is judged by a file that is not in force any more', async () => {
    await using broker = await startWith([topic('first')], {
      'extension-config.xml': config(
        '<credentials-reload-interval>1</credentials-reload-interval><waggle><connected-clients>update</connected-clients></waggle>',
      ),
    })
    // So many that the next file comes while they are gone through.
    for (let i = 0; i < 1_000; i++) await connect(broker, { ...KNOWN, clientId: `many-${i}` })
    const file = join(broker.folders.folder, ID, 'credentials.xml')
    for (const [i, users] of [[USER], [USER, OTHER]].entries()) {
      writeFileSync(file, credentialsXml(users, { role: [topic(`of-file-${i}`)] }))
      broker.broker.advance(1_000)
      await broker.log.waitFor(/roles are in force/, 2 + i)
    }
    const client = await connect(broker, { ...KNOWN, clientId: 'late', userName: 'other' })
    await broker.log.waitFor(/Of \d+ clients/, 2)
    expect(client.take()).toEqual([])
  })

  it('update: a role that was given by one file is taken away by the next', async () => {
    await using scene = await startScene('update')
    const client = await connect(scene.broker)
    await scene.change([{ ...USER, roles: ['role', 'more'] }], PERMISSIONS)
    expect(codesOf(publish(client, 'more', 1))).toEqual([[PUBACK, 0x10]])
    await scene.change([USER], PERMISSIONS)
    expect(codesOf(publish(client, 'more', 1))).toContainEqual([PUBACK, 0x87])
  })

  it('update: who could not be disconnected, for the rate of services, is at a later look', async () => {
    const files = {
      'extension-config.xml': config('<waggle><connected-clients>update</connected-clients></waggle>'),
      'credentials.xml': credentialsXml([USER, OTHER], { role: PERMISSIONS }),
    }
    await using broker = await startWith([], files, {}, { extensionCallsPerSecond: 1 / 60, throttlingBurst: 120 })
    const clients: MemoryClient[] = []
    for (let i = 0; i < 3; i++) {
      clients.push(await connect(broker, { ...KNOWN, clientId: `gone-${i}`, userName: 'other' }))
    }
    writeFileSync(join(broker.folders.folder, ID, 'credentials.xml'), credentialsXml([USER], { role: PERMISSIONS }))
    await refresh(broker, 60)
    await broker.log.waitFor(/are tried again at the next look/)
    expect(clients.filter(({ transport }) => !transport.isEnded)).not.toEqual([])
    for (let look = 0; look < 4; look++) await refresh(broker, 60)
    expect(clients.filter(({ transport }) => !transport.isEnded)).toEqual([])
  })

  it('update: others have the permissions of the new file from the next packet on', async () => {
    await using scene = await startScene('update')
    const client = await connect(scene.broker)
    const untouched = await connect(scene.broker, { ...KNOWN, clientId: 'untouched', userName: 'other' })
    expect(codesOf(subscribe(client, 'kept/#'))).toHaveLength(1)
    expect(codesOf(publish(client, 'lost/x', 1))).toEqual([[PUBACK, 0x10]])
    await scene.change([{ ...USER, roles: ['more', 'role'] }, OTHER], PERMISSIONS)
    expect(codesOf(publish(client, 'more', 1))).toEqual([[PUBACK, 0x10]])
    expect(scene.broker.log.lines).toContainEqual(
      expect.stringContaining('Of 2 clients 1 have new permissions, 0 were'),
    )
    await scene.change([USER, OTHER], [topic('kept/#')])
    expect(untouched.take()).toEqual([])
    expect(client.take()).toEqual([])
    expect(codesOf(publish(client, 'kept/x', 1)).at(-1)).toEqual([PUBACK, 0])
    expect(codesOf(publish(client, 'lost/x', 1))).toEqual([
      [PUBACK, 0x87],
      [DISCONNECT, 0x87],
    ])
  })

  it('update: takes away subscriptions that are not permitted any more, and tells by DISCONNECT', async () => {
    await using scene = await startScene('update')
    const { broker } = scene
    const login = { ...KNOWN, isPersistent: true }
    const client = await connect(broker, login)
    subscribe(client, 'kept/#', 'lost/#', '$share/g/lost/x')
    await scene.change([USER, OTHER], [topic('kept/#'), topic('lost/#', '<activity>PUBLISH</activity>')])
    expect(reasonsOf(client.take())).toEqual([[DISCONNECT, 0x87, 'A subscription is not permitted any more']])
    const publisher = await connect(broker, { ...KNOWN, clientId: 'publisher', userName: 'other' })
    for (const name of ['lost/x', 'kept/x']) publish(publisher, name)
    const again = await connect(broker, login)
    publish(publisher, 'kept/y', 1)
    expect(again.take().map((packet) => 'topicName' in packet && packet.topicName)).toEqual(['kept/y'])
    const [suback] = subscribe(again, 'kept/#', 'lost/#')
    expect((suback as SubscriptionAck).reasonCodes).toEqual([1, 0x87])
  })

  it('update: looks at stored subscriptions of clients that were away', async () => {
    await using scene = await startScene('update')
    const { broker } = scene
    const login = { ...KNOWN, isPersistent: true }
    const before = await connect(broker, login)
    subscribe(before, 'kept/#', 'lost/#')
    before.drop()
    broker.broker.settle()
    await scene.change([USER, OTHER], [topic('kept/#'), topic('lost/#', '<activity>PUBLISH</activity>')])
    const client = open(broker, login)
    while (!client.transport.isEnded) await refresh(broker, 0)
    expect(reasonsOf(client.take())).toEqual([
      [CONNACK, 0, undefined],
      [DISCONNECT, 0x87, 'A subscription is not permitted any more'],
    ])
    const publisher = await connect(broker, { ...KNOWN, clientId: 'publisher', userName: 'other' })
    const again = await connect(broker, login)
    await refresh(broker, 0)
    for (const name of ['lost/x', 'kept/x']) publish(publisher, name)
    expect(again.take().map((packet) => 'topicName' in packet && packet.topicName)).toEqual(['kept/x'])
  })

  it('disconnect: ends those with other permissions too, and nobody else', async () => {
    await using scene = await startScene('disconnect')
    const client = await connect(scene.broker)
    await scene.change([OTHER, USER], PERMISSIONS)
    expect(client.take()).toEqual([])
    await scene.change([USER], [topic('kept/#')])
    expect(reasonsOf(client.take())).toEqual([[DISCONNECT, 0x87, 'The permissions of the user have changed']])
  })

  it('update: looks at those who are there when the extension is enabled again', async () => {
    await using scene = await startScene('update')
    const { broker } = scene
    const client = await connect(broker)
    const folder = join(broker.folders.folder, ID)
    const look = async (): Promise<void> => {
      for (let looks = 0; looks < 2; looks++) await broker.host.look()
      await refresh(broker, 0)
    }
    writeFileSync(join(folder, 'DISABLED'), '')
    await look()
    writeFileSync(join(folder, 'credentials.xml'), credentialsXml([USER], { role: [topic('new')] }))
    expect(codesOf(publish(client, 'lost/x', 1))).toEqual([[PUBACK, 0x10]])
    rmSync(join(folder, 'DISABLED'))
    await look()
    expect(codesOf(publish(client, 'new', 1))).toEqual([[PUBACK, 0x10]])
    expect(codesOf(publish(client, 'lost/x', 1))[0]).toEqual([PUBACK, 0x87])
  })

  it('a permission that is no topic filter with the names of a client ends it, as it would refuse it', async () => {
    await using scene = await startScene('update')
    const client = await connect(scene.broker)
    await scene.change([USER], [topic('a#/${{clientid}}')])
    expect(reasonsOf(client.take())).toEqual([[DISCONNECT, 0x87, 'The permissions of the user have changed']])
  })
})

/** Time passes, second by second, and files are read. */
async function refresh(broker: ExtensionBroker, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    broker.broker.advance(1_000)
    for (let turn = 0; turn < 20; turn++) await endOfTurn()
  }
  for (let turn = 0; turn < 20; turn++) {
    await endOfTurn()
    broker.broker.settle()
  }
}
