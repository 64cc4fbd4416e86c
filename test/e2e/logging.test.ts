// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { PacketType } from '../../src/codec/packet-type.ts'
import { freePort } from '../support/free-port.ts'
import { RemoteClient } from '../support/remote-client.ts'
import { fixturePath, PASSWORD } from '../support/tls/fixtures.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import { WaggleProcess } from '../support/waggle-process.ts'

const LINE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2},\d{3} (?:DEBUG|INFO |WARN |ERROR) - \S/

const linesOf = (log: string): string[] => log.trimEnd().split('\n')

describe('the main log', () => {
  it('has the lines that scripts know from HiveMQ, in their order', async () => {
    await using home = new WaggleHome()
    const waggle = await home.start()
    expect(await waggle.stop()).toBe(0)
    const { port } = waggle
    const expected = [
      'Starting Waggle ',
      `HiveMQ home directory: ${home.folder}`,
      'HiveMQ version: ',
      'This HiveMQ ID is ',
      'Starting with file persistence mode.',
      'Starting HiveMQ extension system.',
      `Starting TCP listener on address 127.0.0.1 and port ${port}`,
      `Started TCP Listener on address 127.0.0.1 and on port ${port}.`,
      'Started HiveMQ in ',
      'Shutting down HiveMQ ',
      'Shutdown completed.',
    ]
    const lines = linesOf(waggle.log)
    for (const line of lines) expect(line).toMatch(LINE)
    const texts = lines.map((line) => line.slice('2026-11-23 16:05:12,345 INFO  - '.length))
    const found = texts.flatMap((text) => expected.filter((start) => text.startsWith(start)))
    expect(found).toEqual(expected)
    expect(waggle.log).toMatch(/Started HiveMQ in \d+ms\n/)
  })

  it('names the installation as before', async () => {
    await using home = new WaggleHome()
    const idOf = (log: string): string => /This HiveMQ ID is ([A-Za-z0-9]{5})\n/.exec(log)![1]!
    const first = await home.start()
    await first.stop()
    const second = await home.start()
    await second.stop()
    expect(idOf(second.log)).toBe(idOf(first.log))
  })

  it('is in the local time of TZ', async () => {
    await using home = new WaggleHome()
    const waggle = await home.start('', { env: { TZ: 'Asia/Tokyo' } })
    const stamp = linesOf(waggle.log)[0]!.slice(0, 23).replace(' ', 'T').replace(',', '.')
    expect(Math.abs(new Date(`${stamp}+09:00`).getTime() - Date.now())).toBeLessThan(60_000)
  })

  it('says as much as HIVEMQ_LOG_LEVEL asks for', async () => {
    await using home = new WaggleHome()
    const levels = async (HIVEMQ_LOG_LEVEL: string): Promise<Set<string>> => {
      const waggle = await home.launch('', { env: { HIVEMQ_LOG_LEVEL }, isOpenToAll: false })
      while (!(await isOpen(waggle.port)));
      await waggle.stop()
      return new Set(waggle.log === '' ? [] : linesOf(waggle.log).map((line) => line.slice(24, 29).trim()))
    }
    expect(await levels('debug')).toEqual(new Set(['DEBUG', 'INFO', 'WARN']))
    expect(await levels('WARN')).toEqual(new Set(['WARN']))
    expect(await levels('OFF')).toEqual(new Set())
    const waggle = await home.start('', { env: { HIVEMQ_LOG_LEVEL: 'loud' } })
    expect(waggle.log).toContain('WARN  - HIVEMQ_LOG_LEVEL is none of ')
  })

  it('is JSON on the console where config.xml says so, from the first line on, and text in the file', async () => {
    await using home = new WaggleHome()
    mkdirSync(join(home.folder, 'log'))
    const waggle = await home.start('<waggle><logging><format>json</format></logging></waggle>')
    await waggle.stop()
    const objects = linesOf(waggle.log).map((line) => JSON.parse(line) as Record<string, string>)
    expect(objects[0]).toMatchObject({ level: 'INFO', message: expect.stringContaining('Starting Waggle') })
    expect(objects.at(-1)).toEqual({ time: expect.any(String), level: 'INFO', message: 'Shutdown completed.' })
    const lines = linesOf(readFileSync(join(home.folder, 'log', 'hivemq.log'), 'utf8'))
    expect(lines.map((line) => line.slice(32))).toEqual(objects.map(({ message }) => message))
  })

  it.each([
    ['throws', `throw new TypeError('out of the blue')`],
    ['rejects', `void Promise.reject(new TypeError('out of the blue'))`],
  ])('has the stack of what nothing has caught (%s), and the process ends with 1', async (_name, code) => {
    await using home = new WaggleHome()
    mkdirSync(join(home.folder, 'log'))
    // Not of an extension, whose faults are its own; and workers load it as well.
    home.write(
      'fault.mjs',
      `import { isMainThread } from 'node:worker_threads'\nif (isMainThread) setTimeout(() => { ${code} }, 1000)`,
    )
    const waggle = await home.launch('', { env: { NODE_OPTIONS: `--import=${join(home.folder, 'fault.mjs')}` } })
    expect(await waggle.exitCode()).toBe(1)
    const end = /ERROR - A fault that nothing has caught: the broker stops\nTypeError: out of the blue\n {4}at /
    expect(waggle.log).toMatch(end)
    expect(readFileSync(join(home.folder, 'log', 'hivemq.log'), 'utf8')).toBe(waggle.log)
  })

  it('holds up nobody when it is not read, and says what is missing when it is read again', async () => {
    await using home = new WaggleHome()
    const settings = '<restrictions><max-client-id-length>65535</max-client-id-length></restrictions>'
    const waggle = await home.start(settings, { env: { HIVEMQ_LOG_LEVEL: 'DEBUG' } })
    const stdout = waggle.child.stdout!
    stdout.pause()
    const longId = 'x'.repeat(16_000)
    // More than 4 MiB and what pipes hold: each says a line when it goes.
    for (let i = 0; i < 40; i++) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, j) => {
          using client = await RemoteClient.connect(waggle.port, `${i}-${j}-${longId}`)
          await client.disconnect()
        }),
      )
    }
    using client = await RemoteClient.connect(waggle.port, 'c')
    client.send({ type: PacketType.PINGREQ })
    await client.next(PacketType.PINGRESP)
    stdout.resume()
    await waggle.waitForLog(/WARN {2}- \d+ lines are missing here: more came than could be written\.\n/)
    const missing = Number(/(\d+) lines are missing/.exec(waggle.log)![1])
    const kept = waggle.log.match(/Client \d+-\d-x/g)!.length
    expect(kept + missing).toBeGreaterThanOrEqual(400)
    expect(await waggle.stop()).toBe(0)
    expect(waggle.log).toMatch(/Shutdown completed\.\n$/)
  })

  it('does not keep the process from ending when nobody reads it', async () => {
    await using home = new WaggleHome()
    const settings = '<restrictions><max-client-id-length>65535</max-client-id-length></restrictions>'
    const waggle = await home.start(settings, { env: { HIVEMQ_LOG_LEVEL: 'DEBUG' } })
    waggle.child.stdout!.pause()
    for (let i = 0; i < 100; i++) {
      using client = await RemoteClient.connect(waggle.port, `${i}-${'x'.repeat(16_000)}`)
      await client.disconnect()
    }
    const ended = new Promise((resolve) => waggle.child.on('exit', resolve))
    waggle.child.kill('SIGTERM')
    expect(await ended).toBe(0)
    waggle.child.stdout!.resume()
  })
})

describe('log files', () => {
  it('are not there unless their folder is, or is asked for', async () => {
    await using home = new WaggleHome()
    const waggle = await home.start()
    await waggle.stop()
    expect(existsSync(join(home.folder, 'log'))).toBe(false)
    const asked = await home.start('', { env: { HIVEMQ_LOG_FOLDER: 'logs/here' } })
    await asked.stop()
    expect(readdirSync(join(home.folder, 'logs/here')).toSorted()).toEqual(['event.log', 'hivemq.log'])
    expect(readFileSync(join(home.folder, 'logs/here/hivemq.log'), 'utf8')).toBe(asked.log)
  })

  it('go on where the last process stopped, and tell of clients', async () => {
    await using home = new WaggleHome()
    mkdirSync(join(home.folder, 'log'))
    for (let i = 1; i <= 2; i++) {
      const waggle = await home.start()
      const client = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { clientId: `c${i}`, protocolVersion: 5 })
      await client.endAsync()
      const stays = await connectAsync(`mqtt://127.0.0.1:${waggle.port}`, { clientId: `d${i}`, reconnectPeriod: 0 })
      await waggle.stop()
      await stays.endAsync(true)
    }
    const events = linesOf(readFileSync(join(home.folder, 'log', 'event.log'), 'utf8'))
    expect(events.map((line) => line.slice('2026-11-23 16:05:12,345 - '.length))).toEqual(
      [1, 2].flatMap((i) => [
        `Client ID: c${i}, IP: 127.0.0.1, Clean Start: true, Session Expiry: 0 connected.`,
        `Client ID: c${i}, IP: 127.0.0.1 disconnected gracefully.`,
        `Client ID: d${i}, IP: 127.0.0.1, Clean Start: true, Session Expiry: 0 connected.`,
        `Client ID: d${i}, IP: 127.0.0.1 was disconnected. reason: Server is shutting down.`,
      ]),
    )
    const main = readFileSync(join(home.folder, 'log', 'hivemq.log'), 'utf8')
    expect(main.match(/Started HiveMQ in/g)).toHaveLength(2)
  })

  it('tell of TLS handshakes that fail or take too long, but not of ports that were just looked at', async () => {
    await using home = new WaggleHome()
    mkdirSync(join(home.folder, 'log'))
    const port = await freePort()
    const keystore = `<path>${fixturePath('server-pbes2.jks')}</path><password>${PASSWORD}</password>`
    const tls = `<keystore>${keystore}<private-key-password>${PASSWORD}</private-key-password></keystore>`
    const listener = `<port>${port}</port><bind-address>127.0.0.1</bind-address>`
    const config = `<hivemq><listeners><tls-tcp-listener>${listener}<tls>${tls}<handshake-timeout>50</handshake-timeout></tls>
      </tls-tcp-listener></listeners></hivemq>`
    await using waggle = await WaggleProcess.launch(config, 0, { home: home.folder })
    await waggle.waitForLog(/ready on/)
    expect(waggle.log).toContain(`Starting TLS TCP listener on address 127.0.0.1 and port ${port}\n`)
    expect(waggle.log).toContain(`Started TCP Listener with TLS on address 127.0.0.1 and on port ${port}.\n`)
    connect(port, '127.0.0.1', function (this: Socket) {
      this.destroy()
    })
    const silent = connect(port, '127.0.0.1').resume()
    const wrong = connect(port, '127.0.0.1').resume()
    wrong.write('GET / HTTP/1.1\r\n\r\n')
    await Promise.all([once(silent, 'close'), once(wrong, 'close')])
    await waggle.stop()
    const events = linesOf(readFileSync(join(home.folder, 'log', 'event.log'), 'utf8'))
    expect(events.map((line) => line.slice('2026-11-23 16:05:12,345 - '.length)).toSorted()).toEqual([
      expect.stringContaining(
        `reason: SSL handshake failed for TCP Listener with TLS on port: ${port}: TLS handshake failed`,
      ),
      `Client ID: UNKNOWN, IP: 127.0.0.1 was disconnected. reason: TLS handshake not finished in time for TCP Listener with TLS on port: ${port}.`,
    ])
  })

  it('that cannot be made are one warning, and the broker runs', async () => {
    await using home = new WaggleHome()
    writeFileSync(join(home.folder, 'log'), '')
    const waggle = await home.start('', { env: { HIVEMQ_LOG_FOLDER: 'log' } })
    expect(waggle.log).toMatch(/WARN {2}- There are no log files, only the console: EEXIST: /)
  })
})

/** Whether somebody can connect; without a log there is no other way to know. */
async function isOpen(port: number): Promise<boolean> {
  try {
    using client = await RemoteClient.open(port, 'probe')
    return client !== null
  } catch {
    return false
  }
}
