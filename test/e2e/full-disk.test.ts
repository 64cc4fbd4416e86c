// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Ack } from '../../src/codec/ack.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { ReasonCode } from '../../src/codec/reason-code.ts'
import { writeExtension } from '../support/extension-folders.ts'
import { freePort } from '../support/free-port.ts'
import { RemoteClient, textOf } from '../support/remote-client.ts'
import { WaggleHome } from '../support/waggle-home.ts'
import type { LaunchOptions, WaggleProcess } from '../support/waggle-process.ts'

// A broker that cannot write goes on with everything that needs no writing, and loses nothing. Where a file system can be
// mounted there is a real disk that is full; everywhere the kernel can limit the size of files, which fails in the same way.

const { QUOTA_EXCEEDED, SUCCESS } = ReasonCode
const MIB = 1024 * 1024
const SMALL = 10 * MIB
const LARGE = 64 * MIB

/** A disk that has little room at first. */
interface Disk extends Disposable {
  readonly options: LaunchOptions
  /** Makes room while a broker runs. */
  enlarge(waggle: WaggleProcess): void
}

/** A file system of its own: for root, where it may mount. */
function tmpfs(size: number): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  return {
    options: { env: { HIVEMQ_DATA_FOLDER: folder } },
    enlarge: () => execFileSync('mount', ['-o', `remount,size=${LARGE}`, folder]),
    [Symbol.dispose]: () => {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}

/** A limit that the kernel sets to the size of files: for everybody. */
function limited(size: number): Disk {
  return {
    options: { prefix: ['prlimit', `--fsize=${size}:unlimited`] },
    enlarge: ({ child }) => execFileSync('prlimit', ['--fsize=unlimited', '--pid', String(child.pid)]),
    [Symbol.dispose]: () => undefined,
  }
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-disk-'))
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0
  if (isMounted) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
  return isMounted
}

const DISKS: [string, (size: number) => Disk][] = [['a limit to the size of files', limited]]
if (canMount()) DISKS.push(['a file system of its own', tmpfs])
else console.warn('no file system can be mounted here: only the limit to the size of files stands in for a full disk')

const PAYLOAD_BYTES = 10_000
const READERS = 30

function payloadOf(number: number): string {
  return `${number} `.padEnd(PAYLOAD_BYTES, 'x')
}

/** Publishes until the broker refuses; returns how many messages it has taken, the refused one being the next number. */
async function publishUntilFull(publisher: RemoteClient, first: number): Promise<number> {
  for (let number = first; ; number++) {
    const code = await publisher.publish('kept/message', payloadOf(number), { qos: 1 })
    if (code === QUOTA_EXCEEDED) return number
    expect(code).toBe(SUCCESS)
    expect(number, 'the broker is never full').toBeLessThan(10_000)
  }
}

/** A client whose session is kept, and has a subscription to what is kept. */
async function reader(waggle: WaggleProcess): Promise<RemoteClient> {
  return RemoteClient.connect(waggle.port, 'reader', { isPersistent: true })
}

async function expectMessages(client: RemoteClient, from: number, to: number): Promise<void> {
  for (let number = from; number < to; number++) expect(textOf(await client.nextMessage())).toBe(payloadOf(number))
}

/** What a broker without room refuses, and what it goes on with. */
async function checkFull(waggle: WaggleProcess, publisher: RemoteClient): Promise<void> {
  // What would have to be stored.
  expect(await publisher.publish('kept/message', payloadOf(0), { qos: 1 })).toBe(QUOTA_EXCEEDED)
  expect(await publisher.publish('kept/message', payloadOf(0), { qos: 2 })).toBe(QUOTA_EXCEEDED)
  expect(await publisher.publish('retained', payloadOf(0), { qos: 1, retain: true })).toBe(QUOTA_EXCEEDED)
  for (const qos of [1, 2] as const) {
    const older = await RemoteClient.connect(waggle.port, 'older', { version: ProtocolVersion.V3_1_1 })
    await expect(older.publish('kept/message', payloadOf(0), { qos })).rejects.toThrow('the connection has ended')
    expect(await older.ended()).toEqual([])
  }
  // What would not.
  using passing = await RemoteClient.connect(waggle.port, 'passing')
  expect(await passing.subscribe(['passing/#'], 2)).toEqual([2])
  for (const qos of [0, 1] as const) {
    expect(await publisher.publish('passing/message', `passing ${qos}`, { qos })).toBe(SUCCESS)
    expect(textOf(await passing.nextMessage())).toBe(`passing ${qos}`)
  }
  expect(await publisher.publish('passing/message', 'passing 2', { qos: 2 })).toBe(SUCCESS)
  expect(textOf(await passing.nextMessage())).toBe('passing 2')
  publisher.send({ type: PacketType.PUBREL, packetId: 1, reasonCode: 0 })
  expect((await publisher.next<Ack>(PacketType.PUBCOMP)).reasonCode).toBe(SUCCESS)
}

describe.each(DISKS)('a full disk: %s', (_name, makeDisk) => {
  it('costs nothing that was acknowledged; new messages are refused until there is room', async () => {
    using disk = makeDisk(SMALL)
    await using home = new WaggleHome()
    const port = await freePort()
    writeExtension(join(home.folder, 'extensions'), 'hivemq-heartbeat-extension', {
      'extension-config.xml': `<heartbeat-extension-configuration><port>${port}</port></heartbeat-extension-configuration>`,
    })
    const heartbeat = async (agent = 'curl/8.0'): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}/heartbeat`, { headers: { 'User-Agent': agent } })
      return `${response.status} ${await response.text()}`
    }
    let waggle = await home.start('', disk.options)
    expect(await heartbeat()).toBe('200 ')
    const first = await reader(waggle)
    await first.subscribe(['kept/#'], 2)
    await first.disconnect()
    let publisher = await RemoteClient.connect(waggle.port, 'publisher')
    let taken = await publishUntilFull(publisher, 0)
    expect(taken).toBeGreaterThan(50)
    expect(waggle.log.match(/ERROR/g)).toHaveLength(1)
    expect(waggle.log).toMatch(/ERROR - The store in \S+ cannot be written \(.*Is the disk full\?/)
    await checkFull(waggle, publisher)
    expect(await heartbeat()).toBe('503 The store cannot be written\n')
    // A restart would make no room, and who takes the messages has to get in.
    expect(await heartbeat('kube-probe/1.31')).toBe('200 The store cannot be written\n')
    // The crash of a broker without room, and the start of one.
    await waggle.kill()
    waggle = await home.start('', disk.options)
    publisher = await RemoteClient.connect(waggle.port, 'publisher')
    const before = taken
    taken = await publishUntilFull(publisher, taken)
    expect(taken).toBeLessThan(before + 5)
    await checkFull(waggle, publisher)
    // What waits can be taken, and stays taken.
    const half = taken >> 1
    const second = await reader(waggle)
    expect(second.sessionPresent).toBe(true)
    await expectMessages(second, 0, half)
    await second.disconnect()
    const third = await reader(waggle)
    await expectMessages(third, half, half + 10)
    // With room it takes messages again.
    disk.enlarge(waggle)
    await waggle.waitForLog(/can be written again/)
    expect(await heartbeat()).toBe('200 ')
    for (let number = taken; number < taken + 20; number++) {
      expect(await publisher.publish('kept/message', payloadOf(number), { qos: 1 })).toBe(SUCCESS)
    }
    await waggle.kill()
    waggle = await home.start('', disk.options)
    const last = await reader(waggle)
    // What the last reader has acknowledged may come again.
    const next = Number(textOf(await last.nextMessage()).split(' ')[0])
    expect(next).toBeLessThanOrEqual(half + 10)
    await expectMessages(last, next + 1, taken + 20)
  })

  it('takes new messages again when what waited has gone, without a word of the disk for each', async () => {
    using disk = makeDisk(SMALL)
    await using home = new WaggleHome()
    const waggle = await home.start('', disk.options)
    const first = await reader(waggle)
    await first.subscribe(['kept/#'], 2)
    await first.disconnect()
    const publisher = await RemoteClient.connect(waggle.port, 'publisher')
    const taken = await publishUntilFull(publisher, 0)
    let from = 0
    let to = taken
    // The file has no room behind its end and only old room within, time and again.
    for (let round = 1; round <= 3; round++) {
      const next = await reader(waggle)
      await expectMessages(next, from, to)
      await next.disconnect()
      await waggle.waitForLog(new RegExp(`(can be written again[^]*){${round}}`))
      from = to
      to = await publishUntilFull(publisher, from)
      expect(to - from).toBeGreaterThan(taken / 3)
    }
    expect(waggle.log.match(/cannot be written/g)).toHaveLength(4)
  })

  it('lets many clients take their messages at the same time', async () => {
    using disk = makeDisk(SMALL)
    await using home = new WaggleHome()
    const waggle = await home.start('', disk.options)
    const connectAll = (): Promise<RemoteClient[]> =>
      Promise.all(
        Array.from({ length: READERS }, (_none, i) =>
          RemoteClient.connect(waggle.port, `reader ${i}`, { isPersistent: true }),
        ),
      )
    for (const client of await connectAll()) {
      await client.subscribe(['kept/#'], 1)
      await client.disconnect()
    }
    const publisher = await RemoteClient.connect(waggle.port, 'publisher')
    const taken = await publishUntilFull(publisher, 0)
    expect(taken).toBeGreaterThan(50)
    await Promise.all((await connectAll()).map((client) => expectMessages(client, 0, taken)))
  })

  it('keeps a first start from succeeding: one line says so', async () => {
    using disk = makeDisk(16_384)
    await using home = new WaggleHome()
    const waggle = await home.launch('', disk.options)
    const outcome = await waggle.outcome()
    const refusal = /^\S+ \S+ ERROR - There is no room for a new store in \S+waggle: .* Make room and start again\.$/
    const lines = waggle.log.trimEnd().split('\n')
    const graveLines = lines.filter((line) => !line.includes(' INFO  - '))
    expect([outcome, ...graveLines]).toEqual([1, expect.stringMatching(refusal)])
  })
})

describe.runIf(canMount())('a full disk without the lock file of the store', () => {
  it('keeps the broker from starting: one line says so, and nothing is lost', async () => {
    using disk = tmpfs(SMALL)
    const folder = disk.options.env!['HIVEMQ_DATA_FOLDER']!
    const lockFile = join(folder, 'waggle', 'waggle.mdb-lock')
    await using home = new WaggleHome()
    let waggle = await home.start('', disk.options)
    const first = await reader(waggle)
    await first.subscribe(['kept/#'], 2)
    await first.disconnect()
    const publisher = await RemoteClient.connect(waggle.port, 'publisher')
    const taken = await publishUntilFull(publisher, 0)
    await waggle.kill()
    rmSync(lockFile)
    fill(join(folder, 'rest'))
    waggle = await home.launch('', disk.options)
    expect(await waggle.outcome()).toBe(1)
    expect(waggle.log).toMatch(/ERROR - \S+waggle\.mdb-lock cannot be written: .* Make room and start again\.$/m)
    rmSync(join(folder, 'rest'))
    waggle = await home.start('', disk.options)
    await expectMessages(await reader(waggle), 0, taken)
  })
})

/** Takes what room is left. */
function fill(file: string): void {
  const handle = openSync(file, 'w')
  try {
    for (;;) writeSync(handle, Buffer.alloc(1))
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
  } finally {
    closeSync(handle)
  }
}

describe('the maximum disk usage', () => {
  it('refuses new messages until queues have emptied', async () => {
    await using home = new WaggleHome()
    const queues = '<mqtt><queued-messages><max-queue-size>1000000</max-queue-size></queued-messages></mqtt>'
    // Of which queues may take all: before that they would give up messages.
    const limits = `<max-disk-usage>${16 * MIB}</max-disk-usage><queue-share>100</queue-share>`
    const config = `${queues}<waggle><persistence>${limits}</persistence></waggle>`
    let waggle = await home.start(config)
    const first = await reader(waggle)
    await first.subscribe(['kept/#'], 2)
    await first.disconnect()
    let publisher = await RemoteClient.connect(waggle.port, 'publisher')
    const taken = await publishUntilFull(publisher, 0)
    expect(taken * PAYLOAD_BYTES).toBeGreaterThan(12 * MIB)
    expect(taken * PAYLOAD_BYTES).toBeLessThan(17 * MIB)
    await checkFull(waggle, publisher)
    expect(waggle.log.match(/WARN {2}- .* takes more than its max-disk-usage of 16777216 bytes\./g)).toHaveLength(1)
    await waggle.kill()
    waggle = await home.start(config)
    publisher = await RemoteClient.connect(waggle.port, 'publisher')
    const second = await reader(waggle)
    await expectMessages(second, 0, taken >> 1)
    await second.disconnect()
    await waggle.waitForLog(/takes more than its max-disk-usage[^]* INFO {2}- .* is below its max-disk-usage again\./)
    const more = await publishUntilFull(publisher, taken)
    expect(more - taken).toBeGreaterThan(taken / 3)
    const third = await reader(waggle)
    await expectMessages(third, taken >> 1, more)
    expect(await waggle.stop()).toBe(0)
  })
})
