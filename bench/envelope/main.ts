// SPDX-License-Identifier: Apache-2.0
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildImageRoot, lackForImage } from '../../test/support/deploy/image-container.ts'
import { describeMachine } from '../machine.ts'
import { cpuSeconds, privateBytes, residentBytes } from '../process-usage.ts'
import { fillStore } from '../store/large-store.ts'
import { toTable, toText } from '../table.ts'
import { makeTempFolder } from '../temp-folder.ts'
import type { GroupMemory } from './control-groups.ts'
import { CORES, LIMIT_BYTES, runPod, type RunningPod, type Start } from './run-pod.ts'

// What the image takes of the room that UMH gives a broker: its size, its start within the CPU limit, its memory at rest and
// with many clients. It runs as any user with a read-only root and a volume for its data, in control groups as a pod.

const STARTS = 5
const CLIENTS = 10_000
/** With three subscriptions, a retained message and ten queued ones for each. */
const STORED_SESSIONS = 100_000
const MB = 1e6
const MIB = 1024 ** 2
const LIMIT_MIB: number = LIMIT_BYTES / MIB
const SETTLE_MS = 5000
/** In a pod whose CPU is limited, the handshakes of all clients take half a minute. */
const CLIENTS_DEADLINE_MS = 180_000

type Row = readonly [what: string, value: number, unit: string, goal: number | null]
interface Crowd {
  readonly connected: number
  readonly loss: string | null
}

const rows: Row[] = []
process.exitCode = await main()

async function main(): Promise<number> {
  const lack = lackForImage()
  if (lack !== null) {
    console.error(`bench:envelope lacks ${lack}`)
    return 1
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
  const { cores, cpuModel, linux } = describeMachine()
  console.log(`${cores} x ${cpuModel}, Linux ${linux}, load average ${loadavg()[0]!.toFixed(1)}\n`)
  const folder = makeTempFolder('envelope')
  const root = join(folder.path, 'root')
  try {
    buildImageRoot(root)
    rows.push(['image, unpacked', diskBytes(root) / MB, 'MB', 150])
    const starts: Start[] = []
    for (let i = 0; i < STARTS; i++) {
      starts.push(await runPod(root, folder.path, ({ start }) => start))
    }
    rows.push(
      [`start within ${CORES} of a core`, median(starts.map(({ ms }) => ms)), 'ms', 1500],
      ['start: CPU time', median(starts.map(({ cpuMs }) => cpuMs)), 'ms', null],
    )
    await runPod(root, folder.path, measureIdle)
    const fault = await runPod(root, folder.path, measureClients)
    const store = join(folder.path, 'store')
    await fillStore(store, STORED_SESSIONS)
    await runPod(root, folder.path, measureLargeStart, store)
    report()
    if (fault !== null) console.error(`\nFAULT  ${fault}`)
    return fault === null && rows.every(([, value, , goal]) => goal === null || value < goal) ? 0 : 1
  } catch (error) {
    console.error(`bench:envelope: ${(error as Error).message}`)
    return 1
  } finally {
    folder.remove()
  }
}

async function measureIdle({ container: { pid }, groups, metricsPort }: RunningPod): Promise<void> {
  // Asked as Prometheus does: what only that needs is there too.
  await fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((response) => response.text())
  await sleep(SETTLE_MS)
  const before = cpuSeconds(pid)
  rows.push(
    ['idle: resident memory', residentBytes(pid) / MB, 'MB', 100],
    ['idle: of it without files', privateBytes(pid) / MB, 'MB', null],
    ['idle: of the pod without files', groups.memory().withoutFiles / MB, 'MB', null],
  )
  await sleep(SETTLE_MS)
  rows.push(['idle: CPU, thousandths of a core', ((cpuSeconds(pid) - before) / SETTLE_MS) * 1e6, 'm', null])
}

function measureLargeStart({ container: { pid }, start }: RunningPod): void {
  rows.push(
    [`start with ${STORED_SESSIONS} sessions`, start.ms / 1000, 's', 60],
    ['the same: CPU time', start.cpuMs / 1000, 's', null],
    ['the same: resident memory without files', privateBytes(pid) / MIB, 'MiB', LIMIT_MIB],
  )
}

/** Returns what went wrong. */
async function measureClients({ container, groups, securePort }: RunningPod): Promise<string | null> {
  const { pid } = container
  const idle = residentBytes(pid)
  const cpuBefore = cpuSeconds(pid)
  let peak: GroupMemory = groups.memory()
  const child = fork(join(import.meta.dirname, 'clients.ts'), [String(securePort), String(CLIENTS)])
  const timer = setInterval(() => {
    const now = groups.memory()
    if (now.withoutFiles > peak.withoutFiles) peak = now
  }, 100)
  try {
    const [arrived] = (await once(child, 'message', { signal: AbortSignal.timeout(CLIENTS_DEADLINE_MS) })) as [Crowd]
    const cpuPerConnect = (cpuSeconds(pid) - cpuBefore) / arrived.connected
    await sleep(SETTLE_MS)
    child.send('how many?')
    const [{ connected, loss }] = (await once(child, 'message')) as [Crowd]
    const resident = residentBytes(pid)
    rows.push(
      [`${CLIENTS} TLS clients: resident memory`, resident / MIB, 'MiB', LIMIT_MIB],
      [`${CLIENTS} TLS clients: of the pod without files`, groups.memory().withoutFiles / MIB, 'MiB', LIMIT_MIB],
      [`${CLIENTS} TLS clients: the same at its highest`, peak.withoutFiles / MIB, 'MiB', LIMIT_MIB],
      ['resident memory for each', (resident - idle) / connected / 1000, 'kB', null],
      ['CPU for each handshake and CONNECT', cpuPerConnect * 1000, 'ms', null],
    )
    // Once memory is short nobody else is let in.
    return (
      /WARN .*Memory is short.*/.exec(container.log)?.[0] ??
      loss ??
      (connected === CLIENTS ? null : `only ${connected} clients are connected`)
    )
  } finally {
    clearInterval(timer)
    child.kill('SIGKILL')
  }
}

function report(): void {
  const header = ['', 'measured', '', 'goal', '']
  const lines = rows.map(([what, value, unit, goal]) => [
    what,
    toText(value),
    unit,
    goal === null ? '' : `< ${goal}`,
    goal === null ? '' : value < goal ? 'met' : 'MISSED',
  ])
  console.log(toTable([header, ...lines], 1))
}

function diskBytes(folder: string): number {
  return Number(execFileSync('du', ['--summarize', '--bytes', folder], { encoding: 'utf8' }).split('\t')[0])
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1]!
}
