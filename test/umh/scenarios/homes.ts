// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { type PodOptions, Release } from '../stack/release.ts'
import {
  CHART_0_10,
  CHART_0_15,
  CHART_0_29,
  CHART_0_9_10,
  type ChartVersion,
  homeOf,
  withTag,
} from '../stack/chart-version.ts'
import { refusal } from '../stack/connect.ts'
import type { Scenario } from './scenario.ts'

/** How the image comes to be used, and where the mounts are then. */
const WAYS: readonly (readonly [way: string, chart: ChartVersion])[] = [
  ['kubectl set image, chart 0.9.10', CHART_0_9_10],
  ['kubectl set image, chart 0.10.0', CHART_0_10],
  ['image.registry mirrored, chart 0.29.0', CHART_0_29],
  ['mqtt_broker.image.tag 2024.10', withTag(CHART_0_15, '2024.10')],
  ['mqtt_broker.image.tag waggle-1.0.0', withTag(CHART_0_15, 'waggle-1.0.0')],
  ['mqtt_broker.image.tag empty', withTag(CHART_0_15, '')],
]

export const homes: Scenario = {
  title: 'homes and users',
  points: [1, 2, 3, 4, 6, 39],
  async run(findings, root) {
    for (const [way, chart] of WAYS) {
      await findings.look(39, way, async () => {
        using release = new Release(root, chart)
        await using pod = await release.startPod()
        await pod.ready()
        const seen = await homeSeen(pod, release, homeOf(chart))
        findings.saw(1, ...seen)
        return seen
      })
    }
    await seeNamedHome(findings, root)
    await seeJavaOptions(findings, root)
    await seeRoot(findings, root)
    await seeOtherUser(findings, root)
  },
}

async function homeSeen(pod: BrokerPod, release: Release, home: string): Promise<readonly [boolean, string]> {
  const { output } = await pod.container.exec('readlink -f .; ls conf; readlink -f /proc/1/cwd')
  const told =
    pod
      .lines(/HiveMQ home directory: /)[0]
      ?.split(': ')
      .at(-1) ?? 'nothing'
  const hasStore = readdirSync(release.data).includes('waggle')
  const code = await refusal(`mqtt://${pod.address}`)
  const [shell, ...conf] = output.trim().split('\n')
  return [
    hasStore && code === 0 && conf[0] === 'config.xml',
    `mounts below ${home}: home ${told}, a shell begins in ${shell}, the store is in the claim: ${hasStore}`,
  ]
}

/** All of it elsewhere, with HIVEMQ_HOME. */
async function seeNamedHome(findings: Findings, root: string): Promise<void> {
  await findings.look(1, 'HIVEMQ_HOME', async () => {
    using release = new Release(root, CHART_0_15)
    await using pod = await release.startPod({
      env: { HIVEMQ_HOME: '/srv/broker' },
      mounts: (mounts) =>
        mounts.map((mount) => ({ ...mount, path: mount.path.replace(homeOf(CHART_0_15), '/srv/broker') })),
      withoutHook: true,
    })
    await pod.ready()
    // Awaited: the pod is gone at the end of the block.
    return await homeSeen(pod, release, '/srv/broker')
  })
  await findings.look(1, 'nothing mounted, no variable', async () => {
    using release = new Release(root, CHART_0_15)
    await using pod = await release.startPod({ mounts: () => [], withoutHook: true })
    await pod.waitForLog(/Started HiveMQ in/)
    return pod.lines(/HiveMQ home directory: /)[0]!.split(' - ')[1]!
  })
}

async function seeJavaOptions(findings: Findings, root: string): Promise<void> {
  await findings.look(6, 'JAVA_OPTS', async () => {
    using release = new Release(root, CHART_0_15)
    const options = '-Xmx750m -Xms750m -XX:+UnlockExperimentalVMOptions -Dhivemq.log.folder=/tmp/log -Dacme=1 -ea'
    await using pod = await release.startPod({ env: { JAVA_OPTS: options } })
    await pod.ready()
    const { output } = await pod.container.exec('ls /tmp/log')
    const told = pod.lines(/JAVA_OPTS/).map((line) => line.split(' - ')[1])
    return [output.includes('hivemq.log'), `${options}: hivemq.log is in /tmp/log; ${told.join(' | ')}`]
  })
}

async function seeRoot(findings: Findings, root: string): Promise<void> {
  await findings.look(3, 'HIVEMQ_NO_ROOT_STEP_DOWN=true', async () => {
    using release = new Release(root, CHART_0_15)
    await using pod = await release.startPod({ env: { HIVEMQ_NO_ROOT_STEP_DOWN: 'true' } })
    await pod.ready()
    const uid = pod.container.status('Uid').split('\t')[0]
    return [uid === '0', `process 1 has user ${uid}`]
  })
}

const ANY_USER = 1_000_680_000

/** A restricted cluster: a user of its choice, no privileges, a read-only root file system, claims of that user's group. */
async function seeOtherUser(findings: Findings, root: string): Promise<void> {
  await findings.look(3, 'any user, readOnlyRootFilesystem, no privileges', async () => {
    using release = new Release(root, CHART_0_15)
    const options: PodOptions = { runAs: `${ANY_USER}:${ANY_USER}`, beforeStart: () => giveToGroup(release) }
    await using pod = await release.startPod(options)
    await pod.ready()
    const { code } = await pod.hook()
    const uid = pod.container.status('Uid').split('\t')[0]
    const capabilities = pod.container.status('CapEff')
    const refused = await refusal(`mqtt://${pod.address}`)
    const written = (await pod.container.exec('touch /opt/x')).code !== 0
    return [
      uid === String(ANY_USER) && refused === 0 && written && code === 0,
      `process 1 has user ${uid}, capabilities ${capabilities}; a client connects, the hook ends with ${code}`,
    ]
  })
}

/** `fsGroup`. */
function giveToGroup({ data, extensions }: Release): void {
  for (const claim of [data, extensions]) {
    for (const path of [
      claim,
      ...readdirSync(claim, { recursive: true, encoding: 'utf8' }).map((name) => join(claim, name)),
    ]) {
      chownSync(path, 0, ANY_USER)
      chmodSync(path, 0o775)
    }
  }
}
