// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Image, readImage } from '../../support/deploy/dockerfile.ts'
import { ControlGroup, type Limits } from './control-group.ts'

export interface Mount {
  readonly source: string
  readonly path: string
  readonly isReadOnly: boolean
}

export interface ContainerSpec {
  /** What the image is unpacked in. */
  readonly root: string
  /** For what the container writes, and more; nothing is in it. */
  readonly folder: string
  readonly hostname: string
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  readonly limits: Limits
  /** Both as in the security context. */
  readonly runAs?: string
  readonly hasReadOnlyRoot?: boolean
}

export interface ExecResult {
  readonly code: number
  readonly output: string
}

const SCRIPT = join(import.meta.dirname, 'start-container.sh')
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const NAMESPACES = ['mount', 'pid', 'net', 'uts', 'ipc'] as const
const POLL_MS = 5
const EXIT_TRIES = 200

let count = 0
const running = new Set<Container>()

// They would go on without us.
process.on('exit', () => {
  for (const container of running) container.kill()
  // Nothing is awaited any more, and a group can not be removed before its last process has gone.
  for (let tries = 0; running.size > 0 && tries < EXIT_TRIES; tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
    for (const container of running) if (container.group.tryRemove()) running.delete(container)
  }
})

/** Our image, running: in namespaces of its own, with an address of its own. */
export class Container implements AsyncDisposable {
  readonly address: string
  readonly group: ControlGroup
  /** Everything that it has written. */
  log = ''
  readonly startedAt: number = performance.now()
  readonly #spec: ContainerSpec
  readonly #image: Image = readImage()
  readonly #child: ChildProcess
  readonly #ended: Promise<number>
  #hasEnded = false
  #pid = 0

  private constructor(spec: ContainerSpec, subnet: Subnet) {
    this.#spec = spec
    this.address = subnet.container
    this.group = new ControlGroup(subnet.name, spec.limits)
    mkdirSync(spec.folder, { recursive: true })
    const namespaces = NAMESPACES.map((name) => `--${name}`)
    const env = Object.entries(this.#env).map(([name, value]) => `${name}=${value}`)
    const command = ['/usr/bin/env', '-i', ...env, ...this.#image.entrypoint, ...this.#image.command]
    this.#child = spawn('unshare', [...namespaces, '--fork', 'sh', SCRIPT, this.#image.workingFolder, ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ROOT: spec.root,
        LAYER: spec.folder,
        MOUNTS: spec.mounts
          .map(({ source, path, isReadOnly }) => `${source} ${path} ${isReadOnly ? 'ro' : 'rw'}`)
          .join('\n'),
        GROUPS: this.group.folders.join(' '),
        ADDRESS: subnet.container,
        GATEWAY: subnet.machine,
        READ_ONLY: spec.hasReadOnlyRoot === true ? '1' : '',
        RUN_AS: spec.runAs ?? '',
        HOSTNAME: spec.hostname,
      },
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    }
    this.#child.stdin!.on('error', () => undefined)
    this.#ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasEnded = true
      return signal === null ? (code as number) : 128 + SIGNALS[signal as string]!
    })
  }

  static async start(spec: ContainerSpec): Promise<Container> {
    const subnet = nextSubnet()
    const container = new Container(spec, subnet)
    running.add(container)
    await container.#connect(subnet)
    return container
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Of process 1, as the machine counts. */
  get pid(): number {
    return this.#pid
  }

  /** Lines of process 1's /proc/…/status, such as `VmRSS`. */
  status(name: string): string {
    return (
      new RegExp(`^${name}:[ \\t]*(.*?) *$`, 'm').exec(readFileSync(`/proc/${this.#pid}/status`, 'utf8'))?.[1] ?? ''
    )
  }

  get memory(): { readonly residentMiB: number; readonly anonymousMiB: number } {
    const mib = (name: string): number => Math.round(Number.parseInt(this.status(name), 10) / 1024)
    return { residentMiB: mib('VmRSS'), anonymousMiB: mib('RssAnon') }
  }

  /** As `kubectl exec`: a shell of the image, with its user, its variables and its working folder. */
  async exec(script: string): Promise<ExecResult> {
    const { runAs } = this.#spec
    const [uid, gid] = runAs?.split(':') ?? []
    const enter = [
      '--target',
      String(this.#pid),
      ...NAMESPACES.map((name) => `--${name}`),
      `--root=/proc/${this.#pid}/root`,
    ]
    const env = ['/usr/bin/env', '-i', ...Object.entries(this.#env).map(([name, value]) => `${name}=${value}`)]
    const user = runAs === undefined ? [] : ['/usr/bin/setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
    const shell = ['/bin/sh', '-c', `cd ${this.#image.workingFolder} && { ${script}\n}`]
    return new Promise((resolve) => {
      execFile('nsenter', [...enter, ...env, ...user, ...shell], (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` }),
      )
    })
  }

  /** As the kubelet ends a pod: SIGTERM for process 1, SIGKILL after the grace. Returns the exit code, and how long it took. */
  async stop(graceMs = 30_000): Promise<{ code: number; ms: number }> {
    const begin = performance.now()
    if (!this.#hasEnded) process.kill(this.#pid, 'SIGTERM')
    const timer = setTimeout(() => this.kill(), graceMs)
    const code = await this.#ended
    clearTimeout(timer)
    return { code, ms: Math.round(performance.now() - begin) }
  }

  async ended(): Promise<number> {
    return this.#ended
  }

  kill(): void {
    // With process 1 all others of its namespace go.
    if (!this.#hasEnded && this.#pid > 0) process.kill(this.#pid, 'SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
    await this.#ended
    running.delete(this)
    this.group.remove()
    rmSync(this.#spec.folder, { recursive: true, force: true })
  }

  get #env(): Readonly<Record<string, string>> {
    return { PATH, HOSTNAME: this.#spec.hostname, HOME: '/root', ...this.#image.env, ...this.#spec.env }
  }

  /** Gives it one end of a cable. */
  async #connect({ name, machine }: Subnet): Promise<void> {
    while (this.#pid === 0 && !this.#hasEnded) {
      const { pid } = this.#child
      this.#pid = Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10) || 0
      if (this.#pid === 0) await pause(POLL_MS)
    }
    const ip = (...words: string[]): void => void execFileSync('ip', words)
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.#pid))
    ip('address', 'add', `${machine}/30`, 'dev', name)
    ip('link', 'set', name, 'up')
    this.#child.stdin!.end('\n')
    // Hooks come when the container is there, whatever the command has done by then.
    while (!this.#hasEnded && this.#rootFolder === '/') await pause(POLL_MS)
  }

  get #rootFolder(): string {
    try {
      return readlinkSync(`/proc/${this.#pid}/root`)
    } catch {
      return '/'
    }
  }
}

const SIGNALS: Readonly<Record<string, number>> = { SIGKILL: 9, SIGTERM: 15, SIGSEGV: 11, SIGABRT: 6 }

interface Subnet {
  readonly name: string
  readonly machine: string
  readonly container: string
}

/** Out of the range for benchmarks of networks (RFC 2544), which nobody has. */
function nextSubnet(): Subnet {
  const number = (process.pid * 32 + count++) % (1 << 15)
  const at = (host: number): string => {
    const bits = number * 4 + host
    return `198.${18 + (bits >> 16)}.${(bits >> 8) & 255}.${bits & 255}`
  }
  return { name: `umh${process.pid}-${count}`, machine: at(1), container: at(2) }
}
