// SPDX-License-Identifier: Apache-2.0
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { type PodOptions, Release } from '../stack/release.ts'
import { waitUntil } from '../stack/wait-until.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { PASSWORD, refusal } from '../stack/connect.ts'
import { umhFile } from '../stack/delivered-files.ts'
import { writeJavaExtension } from '../stack/java-extensions.ts'
import type { Scenario } from './scenario.ts'

/** What may be in the extensions claim, and what may not be. */
export const extensionsFolder: Scenario = {
  title: 'extensions folder',
  points: [19, 20, 21, 22, 23, 25],
  async run(findings, root) {
    for (const value of ['true', 'TRUE', '1', '']) await seeAllowAll(findings, root, value)
    await seeNobody(findings, root)
    await seeDisabled(findings, root)
    await seeNewerExtensions(findings, root)
    await seeMissingFolders(findings, root)
    await seeLateFiles(findings, root)
    await seeDefaults(findings, root)
  },
}

/** A release of one pod. */
async function withPod<T>(
  root: string,
  options: (release: Release) => PodOptions,
  look: (pod: BrokerPod, release: Release) => Promise<T>,
): Promise<T> {
  using release = new Release(root, CHART_0_15)
  await using pod = await release.startPod(options(release))
  await pod.ready()
  const seen = await look(pod, release)
  await pod.stop()
  return seen
}

async function seeAllowAll(findings: Findings, root: string, value: string): Promise<void> {
  const options: PodOptions = {
    env: { HIVEMQ_ALLOW_ALL_CLIENTS: value },
    // With UMH's credentials there file-rbac would decide.
    mounts: (mounts) => mounts.filter(({ path }) => path !== '/configs'),
    withoutHook: true,
  }
  await findings.look(19, `"${value}"`, () =>
    withPod(
      root,
      () => options,
      async (pod) => {
        const code = await refusal(`mqtt://${pod.address}`)
        return [
          code === (value === 'true' ? 0 : 5),
          code === 0 ? 'everybody may connect' : `nobody may connect (${code})`,
        ]
      },
    ),
  )
}

async function seeNobody(findings: Findings, root: string): Promise<void> {
  const withoutAllowAll = (release: Release): PodOptions => ({
    beforeStart: () => rmSync(join(release.extensions, 'hivemq-allow-all-extension'), { recursive: true }),
  })
  await findings.look(19, '"true", neither of the two there', () =>
    withPod(root, withoutAllowAll, async (pod) => {
      const code = await refusal(`mqtt://${pod.address}`)
      return [code === 5, `nobody may connect (${code}); ${pod.lines(/WARN/).length} WARN`]
    }),
  )
}

async function seeDisabled(findings: Findings, root: string): Promise<void> {
  const options = (release: Release): PodOptions => ({
    beforeStart: () => release.writeExtensionFile('hivemq-prometheus-extension/DISABLED', ''),
  })
  await findings.look(20, 'DISABLED', () =>
    withPod(root, options, async (pod) => {
      const answer = await pod.probe(9399, '/metrics')
      return [answer === 'no answer', `prometheus with that file: ${answer}`]
    }),
  )
}

/** Since 4.6, 1.1 and 4.1 they have their files in `conf/`. */
async function seeNewerExtensions(findings: Findings, root: string): Promise<void> {
  const options = (release: Release): PodOptions => ({
    withoutHook: true,
    env: { HIVEMQ_ALLOW_ALL_CLIENTS: 'false' },
    mounts: (mounts) => mounts.filter(({ path }) => path !== '/configs'),
    beforeStart: () => {
      writeJavaExtension(release.extensions, 'hivemq-file-rbac-extension')
      const move = (id: string, from: string, to: string): void => {
        release.writeExtensionFile(`${id}/conf/README`, '')
        renameSync(join(release.extensions, id, from), join(release.extensions, id, 'conf', to))
      }
      move('hivemq-heartbeat-extension', 'extension-config.xml', 'config.xml')
      move('hivemq-prometheus-extension', 'prometheusConfiguration.properties', 'config.properties')
      move('hivemq-file-rbac-extension', 'extension-config.xml', 'config.xml')
      move('hivemq-file-rbac-extension', 'credentials.xml', 'credentials.xml')
      release.writeExtensionFile('hivemq-file-rbac-extension/conf/credentials.xml', umhFile('credentials.xml'))
      release.writeExtensionFile('hivemq-heartbeat-extension/conf/config.xml', heartbeatAt(9090))
    },
  })
  await findings.look(21, 'files in conf/', () =>
    withPod(root, options, async (pod) => {
      const login = { username: 'node-red', password: PASSWORD }
      const codes = [await refusal(`mqtt://${pod.address}`, login), await refusal(`mqtt://${pod.address}`)]
      const metrics = await pod.probe(9399, '/metrics')
      return [
        codes.join(' ') === '0 4' && metrics === '200',
        `login ${codes[0]}, without ${codes[1]}, metrics ${metrics}`,
      ]
    }),
  )
}

function heartbeatAt(port: number): string {
  return umhFile('heartbeat.xml').replace('9090', String(port))
}

async function seeMissingFolders(findings: Findings, root: string): Promise<void> {
  for (const isRbacEnabled of [false, true]) {
    await findings.look(22, `empty extensions claim, RBAC ${isRbacEnabled ? 'on' : 'off'}`, async () => {
      using release = new Release(root, CHART_0_15)
      release.isRbacEnabled = isRbacEnabled
      await using pod = await release.startPod({ withoutInitContainer: true })
      await pod.ready()
      return `exit code ${(await pod.hook()).code}`
    })
  }
}

/** Here the hook comes last, and brings other ports than those in force. */
async function seeLateFiles(findings: Findings, root: string): Promise<void> {
  await findings.look(23, 'heartbeat and metrics', () =>
    withPod(
      root,
      () => ({ withoutHook: true }),
      async (pod, release) => {
        const metrics = umhFile('prometheus.properties').replace('9399', '9400')
        release.writeExtensionFile('hivemq-heartbeat-extension/extension-config.xml', heartbeatAt(9191))
        release.writeExtensionFile('hivemq-prometheus-extension/prometheusConfiguration.properties', metrics)
        const areTaken = async (): Promise<boolean> =>
          (await pod.probe(9191)) === '200' && (await pod.probe(9400, '/metrics')) === '200'
        const ms = await waitUntil(areTaken, 10_000, () => 'the ports of the new files do not answer')
        const old = [await pod.probe(), await pod.probe(9399, '/metrics')]
        return [
          old.every((answer) => answer === 'no answer'),
          `new ports answer after ${(ms / 1000).toFixed(1)} s, old ones not any more`,
        ]
      },
    ),
  )
}

async function seeDefaults(findings: Findings, root: string): Promise<void> {
  const options = (release: Release): PodOptions => ({
    withoutHook: true,
    mounts: (mounts) => mounts.filter(({ path }) => path !== '/configs'),
    beforeStart: () => {
      rmSync(join(release.extensions, 'hivemq-heartbeat-extension/extension-config.xml'))
      rmSync(join(release.extensions, 'hivemq-prometheus-extension/prometheusConfiguration.properties'))
    },
  })
  await findings.look(25, 'no ConfigMap, no hook, no files', () =>
    withPod(root, options, async (pod) => {
      const answers = [await pod.probe(), await pod.probe(9399, '/metrics')]
      return [answers.join(' ') === '200 200', `9090/heartbeat ${answers[0]}, 9399/metrics ${answers[1]}`]
    }),
  )
}
