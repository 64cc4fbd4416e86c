// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOnPath } from '../tools.ts'
import { readImage } from './dockerfile.ts'

const BUILD = join(import.meta.dirname, '../../../deploy/docker/build-root.sh')
/** What build-root.sh and a container need. */
const PROGRAMS = ['busybox', 'setpriv', 'strip', 'dpkg', 'unshare', 'chroot']

export interface ContainerOptions {
  /** Folders of this machine by their place in the image. All the rest is read-only. */
  readonly mounts: Readonly<Record<string, string>>
  /** The user and group that it runs as, as in a cluster that does not let root in. */
  readonly user: number
  /** Files to write its process id to: the control groups that it is in from its first instruction on. */
  readonly groups?: readonly string[]
}

/** What a machine lacks to run the image without a container engine, or null. */
export function lackForImage(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'root on Linux'
  const missing = PROGRAMS.filter((program) => !isOnPath(program))
  return missing.length === 0 ? null : `${missing.join(', ')} (packages: deploy/docker/packages)`
}

/** The root file system of the image, out of what `npm run build` has made. */
export function buildImageRoot(folder: string): void {
  execFileSync(BUILD, [folder], { env: { ...process.env, WAGGLE_BUILT: '1' }, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The image with a read-only root, on the network of this machine. Its mounts are its own: they go with its processes. */
export class ImageContainer implements AsyncDisposable {
  /** Everything that it has written. */
  log = ''
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>

  constructor(root: string, { mounts, user, groups = [] }: ContainerOptions) {
    const { env, entrypoint, command } = readImage()
    const script = [
      'set -e',
      ...groups.map((file) => `echo $$ >${file}`),
      `mount --bind ${root} ${root}`,
      `mount -o remount,bind,ro ${root}`,
      `mount -t proc proc ${root}/proc`,
      // The limits of its control groups are read there.
      `mount --rbind /sys ${root}/sys`,
      `mount --rbind /dev ${root}/dev`,
      ...Object.entries(mounts).map(([place, folder]) => `mount --bind ${folder} ${root}${place}`),
      // Each takes the place of the one before: in the end the broker has the number of this process.
      `exec chroot --userspec=${user}:${user} --groups= ${root} ${[...entrypoint, ...command].join(' ')}`,
    ].join('\n')
    // Where chroot is; the image's own PATH is the same.
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    this.#child = spawn('unshare', ['--mount', 'sh', '-c', script], {
      env: { ...env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    }
    // Also when this process is interrupted.
    const kill = (): boolean => this.#child.kill('SIGKILL')
    process.on('exit', kill)
    this.#closed = once(this.#child, 'close').finally(() => process.off('exit', kill))
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Asks its heartbeat until it says that all is well. */
  async waitForHeartbeat(port: number, pollMs = 20): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the container has ended (${this.#child.signalCode ?? this.#child.exitCode}):\n${this.log}`)
      }
      const isWell = await fetch(`http://127.0.0.1:${port}/heartbeat`).then(
        ({ status }) => status === 200,
        () => false,
      )
      if (isWell) return
      await sleep(pollMs)
    }
  }

  /** Ends it as Kubernetes does, and returns the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    await this.#closed
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }
}
