// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import heartbeat from '../../extensions/hivemq-heartbeat-extension/extension.ts'
import { ExtensionBroker } from '../support/extension-broker.ts'
import { freePort } from '../support/free-port.ts'
import { valuesOf } from '../support/registered-metrics.ts'

const ID = 'hivemq-heartbeat-extension'
const OLD_PLACE = 'extension-config.xml'
const EMPTY = { status: 200, body: '' }
const UNBOUND = { kind: 'listener', text: 'The listener a is not bound' } as const
const FULL = { kind: 'store', text: 'The store cannot be written' } as const

const config = (port: number, rest = ''): string =>
  `<heartbeat-extension-configuration><port>${port}</port>${rest}</heartbeat-extension-configuration>`

interface Heartbeat extends AsyncDisposable {
  readonly broker: ExtensionBroker
  readonly port: number
  readonly folder: string
}

/** A broker that says that it is started, with its heartbeat at a free port. */
async function start(rest = ''): Promise<Heartbeat> {
  const port = await freePort()
  const broker = await ExtensionBroker.start({
    [ID]: { extension: heartbeat, files: { [OLD_PLACE]: config(port, rest) } },
  })
  broker.admin.stage = 'started'
  return {
    broker,
    port,
    folder: join(broker.folders.folder, ID),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

async function ask(port: number, path = '/heartbeat', method = 'GET'): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
  return { status: response.status, body: await response.text() }
}

/** Sends bytes as they are, and returns all that comes until the connection is closed. */
async function send(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  // What comes after the end of an answer may be answered with a reset.
  socket.on('error', () => undefined)
  socket.write(text)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** A second passes, and what it has set off goes on. */
async function pass({ broker }: ExtensionBroker): Promise<void> {
  broker.advance(1_000)
  await endOfTurn()
}

async function passUntil(broker: ExtensionBroker, line: RegExp): Promise<void> {
  while (!broker.log.lines.some((present) => line.test(present))) await pass(broker)
}

describe('the heartbeat', () => {
  it('is 200 without a body while the broker does its work', async () => {
    await using world = await start()
    const response = await fetch(`http://127.0.0.1:${world.port}/heartbeat`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe('0')
    expect(response.headers.get('content-type')).toBeNull()
    expect(await ask(world.port, '/heartbeat', 'HEAD')).toEqual(EMPTY)
    expect(valuesOf(world.broker.registry).get('http-heartbeat-meter')).toBe(2)
  })

  it('is 503 with the reasons while it starts, while it stops, and while something is wrong', async () => {
    await using world = await start()
    const { broker, port } = world
    broker.admin.stage = 'starting'
    expect(await ask(port)).toEqual({ status: 503, body: 'The broker is starting\n' })
    broker.admin.stage = 'stopping'
    expect(await ask(port)).toEqual({ status: 503, body: 'The broker is stopping\n' })
    broker.admin.stage = 'started'
    broker.problems.push(UNBOUND, FULL)
    const body = 'The listener a is not bound\nThe store cannot be written\n'
    expect(await ask(port)).toEqual({ status: 503, body })
    expect(await ask(port, '/heartbeat', 'HEAD')).toEqual({ status: 503, body: '' })
    broker.problems.splice(0)
    expect(await ask(port)).toEqual(EMPTY)
    expect(valuesOf(broker.registry).get('http-heartbeat-meter')).toBe(5)
  })

  it('does not have Kubernetes restart a pod whose disk is full, which would change nothing', async () => {
    await using world = await start()
    const { broker, port } = world
    const probe = async (): Promise<string> => {
      const headers = { 'User-Agent': 'kube-probe/1.31' }
      const response = await fetch(`http://127.0.0.1:${port}/heartbeat`, { headers })
      return `${response.status} ${await response.text()}`
    }
    broker.problems.push(FULL)
    expect(await probe()).toBe('200 The store cannot be written\n')
    expect((await ask(port)).status).toBe(503)
    broker.problems.push(UNBOUND)
    expect(await probe()).toBe('503 The store cannot be written\nThe listener a is not bound\n')
    broker.problems.splice(0, 2, FULL)
    broker.admin.stage = 'stopping'
    expect(await probe()).toBe('503 The broker is stopping\nThe store cannot be written\n')
  })

  it('is at its path alone, and asked for with GET and HEAD alone', async () => {
    await using world = await start()
    const { broker, port } = world
    for (const path of ['/heartbeat/', '/heartbeat?a=b']) expect(await ask(port, path)).toEqual(EMPTY)
    for (const path of ['/', '/heartbeats', '/heartbeat/more', '/heart', '/%68eartbeat', '//heartbeat']) {
      expect(await ask(port, path)).toEqual({ status: 404, body: '' })
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await fetch(`http://127.0.0.1:${port}/heartbeat`, { method })
      expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([405, 'GET, HEAD', ''])
    }
    expect(valuesOf(broker.registry).get('http-heartbeat-meter')).toBe(2)
  })

  it('ends with the extension', async () => {
    await using world = await start()
    const waiting = await openSocket(world.port)
    await world.broker.host.stop()
    await once(waiting, 'close')
    await expect(ask(world.port)).rejects.toThrow('fetch failed')
  })
})

describe('the configuration of the heartbeat', () => {
  it('is looked for in conf where there is none beside the jar; without any the last one stays', async () => {
    await using world = await start()
    const { broker, folder } = world
    const port = await freePort()
    mkdirSync(join(folder, 'conf'))
    writeFileSync(join(folder, 'conf', 'config.xml'), config(port))
    rmSync(join(folder, OLD_PLACE))
    await passUntil(broker, new RegExp(`answers at http://0\\.0\\.0\\.0:${port}/heartbeat$`))
    rmSync(join(folder, 'conf', 'config.xml'))
    await passUntil(broker, /There is no extension-config\.xml or conf\/config\.xml in .*; what was read before stays/)
    expect(await ask(port)).toEqual(EMPTY)
  })

  it('may come after the start', async () => {
    await using broker = await ExtensionBroker.start({ [ID]: { extension: heartbeat, files: { [OLD_PLACE]: '' } } })
    expect(broker.log.warnings).toContainEqual(expect.stringMatching(/line 1: .*; the defaults are used$/))
    broker.admin.stage = 'started'
    const port = await freePort()
    writeFileSync(join(broker.folders.folder, ID, OLD_PLACE), config(port))
    await passUntil(broker, new RegExp(`answers at .*:${port}/heartbeat$`))
    expect(await ask(port)).toEqual(EMPTY)
  })

  it('may become another', async () => {
    await using world = await start('<bind-address>127.0.0.1</bind-address>')
    const { broker, folder } = world
    const port = await freePort()
    writeFileSync(join(folder, OLD_PLACE), config(port, '<path>/alive</path>'))
    await passUntil(broker, /answers at http:\/\/0\.0\.0\.0:\d+\/alive$/)
    expect(await ask(port, '/alive')).toEqual(EMPTY)
    await expect(ask(world.port)).rejects.toThrow('fetch failed')
    // The same port, another path.
    writeFileSync(join(folder, OLD_PLACE), config(port, '<path>/other</path>'))
    await passUntil(broker, /answers at .*\/other$/)
    expect(await ask(port, '/other')).toEqual(EMPTY)
    expect(await ask(port, '/alive')).toEqual({ status: 404, body: '' })
  })

  it('that becomes unreadable changes nothing, and is complained of once', async () => {
    await using world = await start()
    const { broker, folder, port } = world
    writeFileSync(join(folder, OLD_PLACE), '')
    await passUntil(broker, /line 1: .*; what was read before stays in force/)
    for (let turn = 0; turn < 100; turn++) await pass(broker)
    writeFileSync(join(folder, OLD_PLACE), ' '.repeat(20_000))
    await passUntil(broker, /cannot be read: it has more than 16384 bytes; what was read before stays in force/)
    expect(broker.log.warnings.filter((line) => line.includes(ID))).toHaveLength(2)
    expect(await ask(port)).toEqual(EMPTY)
  })

  it('that names an address in use is said once, tried again, and no reason to disable the extension', async () => {
    const port = await freePort()
    const squatter = createServer().listen(port, '0.0.0.0')
    await once(squatter, 'listening')
    await using broker = await ExtensionBroker.start({
      [ID]: { extension: heartbeat, files: { [OLD_PLACE]: config(port) } },
    })
    broker.admin.stage = 'started'
    expect(broker.log.lines).toContain(`INFO Extension "${ID}" version 1.0.0 started successfully.`)
    const errors = (): string[] => broker.log.lines.filter((line) => line.startsWith('ERROR'))
    expect(errors()).toEqual([
      expect.stringMatching(/cannot listen at .*EADDRINUSE.*\. It is tried again every second/),
    ])
    for (let turn = 0; turn < 20; turn++) await pass(broker)
    squatter.close()
    await once(squatter, 'close')
    await passUntil(broker, /answers at/)
    expect(errors()).toHaveLength(1)
    expect(await ask(port)).toEqual(EMPTY)
  })
})

describe('hostile HTTP', () => {
  it.each([
    ['no HTTP', '\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['headers without end', `GET /heartbeat HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(20_000)}`, /^HTTP\/1\.1 431 /],
    ['a path without end', `GET /${'a'.repeat(20_000)}`, /^HTTP\/1\.1 431 /],
    ['no Host', 'GET /heartbeat HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['a body', 'GET /heartbeat HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\nabc', /^HTTP\/1\.1 200 /],
    ['HTTP/1.0', 'GET /heartbeat HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 /],
    ['an absolute address', 'GET http://a/heartbeat HTTP/1.1\r\nHost: a\r\n\r\n', /^HTTP\/1\.1 404 /],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', /^$/],
    [
      'an upgrade',
      'GET /heartbeat HTTP/1.1\r\nHost: a\r\nUpgrade: b\r\nConnection: upgrade\r\n\r\n',
      /^HTTP\/1\.1 200 /,
    ],
  ])('%s gets one answer, and the connection is closed', async (_what, text, answer) => {
    await using world = await start()
    const received = await send(world.port, text)
    expect(received).toMatch(answer)
    expect(received.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1)
    expect(await ask(world.port)).toEqual(EMPTY)
  })

  it('requests ahead of their answers get the first answer alone', async () => {
    await using world = await start()
    const received = await send(world.port, 'GET /heartbeat HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10))
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  it('a request that does not come to its end is cut off after 10 seconds', async () => {
    await using world = await start()
    const { broker, port } = world
    const slow = await openSocket(port)
    slow.write('GET /heartbeat HTTP/1.1\r\n')
    // The broker has taken the connection once it has answered a later one.
    await ask(port)
    broker.broker.advance(9_000)
    slow.write('Host: a\r\n')
    await ask(port)
    expect(slow.closed).toBe(false)
    broker.broker.advance(1_100)
    await once(slow, 'close')
    expect(slow.bytesRead).toBe(0)
  })

  it('of more than 64 connections the oldest are closed, and a probe still gets its answer', async () => {
    await using world = await start()
    const oldest = await openSocket(world.port)
    const closed = once(oldest, 'close')
    const others: Socket[] = []
    for (let count = 0; count < 80; count++) others.push(await openSocket(world.port))
    expect(await ask(world.port)).toEqual(EMPTY)
    await closed
    while (others.filter((socket) => socket.closed).length < 17) await endOfTurn()
    expect(others.filter((socket) => !socket.closed)).toHaveLength(63)
    for (const socket of others) socket.destroy()
  })
})
