// SPDX-License-Identifier: Apache-2.0
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { Release } from '../stack/release.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { StackClient } from '../stack/connect.ts'
import { differences, inventory, writeHivemqData } from '../stack/hivemq-data.ts'
import { writeJavaExtension } from '../stack/java-extensions.ts'
import type { Scenario } from './scenario.ts'

/** HiveMQ was here; the image is changed, works a while with RBAC off and on, and HiveMQ comes back. */
export const rollback: Scenario = {
  title: 'after HiveMQ, and back',
  points: [20, 21, 36, 37, 38],
  async run(findings, root) {
    using release = new Release(root, CHART_0_15)
    writeHivemqData(release.data)
    writeJavaExtension(release.extensions, 'acme-historian-extension')
    // HiveMQ's first pod.
    release.runInitContainer()
    const data = inventory(release.data)
    const extensions = inventory(release.extensions, isUntouchedByHook)
    for (const isRbacEnabled of [false, true]) {
      release.isRbacEnabled = isRbacEnabled
      await using pod = await release.startPod()
      await pod.ready()
      if (!isRbacEnabled) await seeTakeOver(findings, pod)
      await pod.stop()
    }
    seeData(findings, release, data)
    seeExtensions(findings, release, extensions)
    seeDocumentation(findings)
  },
}

/** All but the two files that UMH's hook writes at every start, whatever the image. */
function isUntouchedByHook(path: string): boolean {
  return !/^hivemq-heartbeat-extension\/extension-config\.xml$|^hivemq-prometheus-extension\/.*\.properties$/.test(path)
}

async function seeTakeOver(findings: Findings, pod: BrokerPod): Promise<void> {
  const told = pod.lines(/has data of HiveMQ/)
  findings.saw(38, told.length === 1 && told[0]!.includes('not taken over'), `the log: ${told.join(' | ')}`)
  const warnings = pod.lines(/WARN .*acme-historian-extension/)
  findings.saw(20, warnings.length === 1 && /Java/.test(warnings[0]!), `of an unknown one: ${warnings.join(' | ')}`)
  const known = ['heartbeat', 'prometheus', 'allow-all'].filter(
    (name) => pod.lines(new RegExp(`"hivemq-${name}-extension" version .* started`)).length === 1,
  )
  findings.saw(20, known.length === 3, `with their jars recognised: ${known.join(', ')}`)
  // A session, so that there is something of ours in the claim.
  await using client = await StackClient.connect(`mqtt://${pod.address}`, { clientId: 'kept', clean: false })
  await client.subscribe('a/#', 1)
}

function seeData(findings: Findings, { data }: Release, before: ReadonlyMap<string, string>): void {
  const changed = differences(before, inventory(data))
  const text = `${before.size} files and folders of HiveMQ, of which ${changed.length} differ in content, owner, mode or time`
  for (const point of [36, 37])
    findings.saw(point, changed.length === 0, `data: ${text} ${changed.slice(0, 5).join(', ')}`)
  const own = readdirSync(data).filter((name) => !before.has(name))
  findings.saw(
    36,
    own.every((name) => name.startsWith('waggle')),
    `beside them ${own.join(', ')}`,
  )
  const { uid, gid, mode } = statSync(data)
  findings.saw(
    37,
    uid === 10_000 && gid === 10_000,
    `the folder is HiveMQ's user's (${uid}:${gid} ${(mode & 0o777).toString(8)})`,
  )
}

function seeExtensions(findings: Findings, { extensions }: Release, before: ReadonlyMap<string, string>): void {
  // What UMH's init container adds at each start is no concern of ours, so only what was there is compared.
  const changed = differences(before, inventory(extensions, isUntouchedByHook))
  findings.saw(
    37,
    changed.length === 0,
    `extensions: ${before.size} files and folders, of which ${changed.length} differ ${changed.join(', ')}`,
  )
  const folders = readdirSync(extensions)
  const unusable = folders.filter((id) => !isUsableByHivemq(join(extensions, id), id))
  findings.saw(
    37,
    unusable.length === 0 && folders.length === 5,
    `HiveMQ would start each of ${folders.join(', ')}${unusable.length > 0 ? `, but not ${unusable.join(', ')}` : ''}`,
  )
}

function isUsableByHivemq(folder: string, id: string): boolean {
  const description = readFileSync(join(folder, 'hivemq-extension.xml'), 'utf8')
  const hasJar = globSync('*.jar', { cwd: folder }).length > 0
  return hasJar && description.includes(`<id>${id}</id>`) && !existsSync(join(folder, 'DISABLED'))
}

const GUIDE = 'docs/migrate-from-hivemq.md'

function seeDocumentation(findings: Findings): void {
  const text = readFileSync(join(import.meta.dirname, '../../..', GUIDE), 'utf8').replaceAll(/\s+/g, ' ')
  const sentences: Readonly<Record<string, RegExp>> = {
    'what is not carried over': /sessions, queues and retained messages of HiveMQ are not taken over/,
    drain: /Let consumers take what waits for them/,
    switch: /Stop HiveMQ, start Waggle on the same folders: in Kubernetes change the image/,
    reconnect: /each client that kept a session begins anew/,
  }
  for (const [what, sentence] of Object.entries(sentences)) findings.saw(38, sentence.test(text), `${GUIDE}: ${what}`)
}
