// SPDX-License-Identifier: Apache-2.0
import { chownSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ImageContainer } from '../../test/support/deploy/image-container.ts'
import { layOutPod, type Pod, POD_USER } from '../../test/support/deploy/pod.ts'
import { cpuSeconds } from '../process-usage.ts'
import { ControlGroups } from './control-groups.ts'

export const CORES = 0.7
export const LIMIT_BYTES: number = 512 * 1024 ** 2

export interface Start {
  /** From the first instruction to the first heartbeat that says all is well. */
  readonly ms: number
  /** On a machine with other work the time is longer than this would take within the limit. */
  readonly cpuMs: number
}

export interface RunningPod extends Pod {
  readonly container: ImageContainer
  readonly groups: ControlGroups
  readonly start: Start
}

/** Starts the image in the limits of a pod, and ends it when `act` is done. `store` is what its data folder begins with. */
export async function runPod<T>(
  root: string,
  parent: string,
  act: (pod: RunningPod) => T | Promise<T>,
  store: string | null = null,
): Promise<T> {
  const folder = join(parent, 'pod')
  mkdirSync(folder)
  try {
    const pod = await layOutPod(folder)
    if (store !== null) giveStore(store, join(folder, 'data/waggle'))
    using groups = ControlGroups.make({ cpu: CORES, memoryBytes: LIMIT_BYTES })
    const startedAt = performance.now()
    await using container = new ImageContainer(root, { mounts: pod.mounts, user: POD_USER, groups: groups.joinFiles })
    await container.waitForHeartbeat(pod.heartbeatPort, 5)
    const start = { ms: performance.now() - startedAt, cpuMs: cpuSeconds(container.pid) * 1000 }
    return await act({ ...pod, container, groups, start })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function giveStore(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  for (const name of ['', ...readdirSync(to)]) chownSync(join(to, name), POD_USER, POD_USER)
}
