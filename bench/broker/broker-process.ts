// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadTarget } from '../load/job.ts'
import { makeTempFolder } from '../temp-folder.ts'
import type { BrokerKind, PrepareOptions } from './broker-kind.ts'

const START_DEADLINE_MS = 30_000
const STOP_DEADLINE_MS = 5000
const POLL_MS = 20
const LAST_WORDS_LENGTH = 1000
/** From the first connection that is accepted until the broker counts as started. */
const SETTLE_MS = 500

export interface RunningBroker extends LoadTarget {
  readonly kind: BrokerKind
  /** The end of what it wrote to its standard error. */
  lastWords(): string
  /** Ends it and removes its files. */
  stop(): Promise<void>
}

/** Starts a broker on a free port and waits until it takes connections. */
export async function startBroker(kind: BrokerKind, options: PrepareOptions): Promise<RunningBroker> {
  const folder = makeTempFolder(kind.name)
  const port = await freePort()
  const { file, args, env } = kind.prepare(port, folder.path, options)
  const child = spawn(file, args, { env, cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close')
  let lastWords = ''
  child.stderr.on('data', (chunk: Buffer) => (lastWords = `${lastWords}${chunk.toString()}`.slice(-LAST_WORDS_LENGTH)))
  const kill = (): boolean => child.kill('SIGKILL')
  // Also when this process is interrupted; before its files are removed, or it would make new ones.
  process.prependListener('exit', kill)
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await Promise.race([closed, sleep(STOP_DEADLINE_MS, null, { ref: false })])
    kill()
    process.off('exit', kill)
    folder.remove()
  }
  const deadlineMs = performance.now() + START_DEADLINE_MS
  while (!(await isAccepting(port))) {
    if (child.exitCode === null && performance.now() < deadlineMs) {
      await sleep(POLL_MS)
      continue
    }
    await stop()
    throw new Error(`${kind.name} did not start: ${lastWords.trim() || `exit code ${child.exitCode}`}`)
  }
  await sleep(SETTLE_MS)
  const storeFile = kind.storeFile?.(folder.path) ?? null
  const { wire, hasLogins } = options
  return { kind, port, wire, hasLogins, pid: child.pid!, storeFile, lastWords: () => lastWords.trim(), stop }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function isAccepting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
