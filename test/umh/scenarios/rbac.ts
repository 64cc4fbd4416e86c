// SPDX-License-Identifier: Apache-2.0
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { Release } from '../stack/release.ts'
import { waitUntil } from '../stack/wait-until.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { PASSWORD, refusal, StackClient } from '../stack/connect.ts'
import { umhFile } from '../stack/delivered-files.ts'
import { DEMO_USER } from '../stack/java-extensions.ts'
import { connectKafkaBridge } from '../stack/kafka-bridge.ts'
import {
  connectIotSensors,
  connectNodeRed,
  connectPackml,
  connectSensorconnect,
  PRODUCTION_LINE,
  publishReading,
  publishState,
  publishTemperature,
} from '../stack/shop-floor.ts'
import { PERMISSIONS, permissionsOf } from './permissions.ts'
import type { Scenario } from './scenario.ts'

/** RBAC switched on in a running release, passwords changed, switched off again. */
export const rbac: Scenario = {
  title: 'RBAC switched on',
  points: [19, 26, 27, 28, 29, 30],
  async run(findings, root) {
    using release = new Release(root, CHART_0_15)
    {
      await using open = await release.startPod()
      await open.ready()
      await open.stop()
    }
    release.isRbacEnabled = true
    let changed = ''
    {
      // The hook has not come yet: what then decides is what counts against the demo users.
      await using pod = await release.startPod({ withoutHook: true })
      await seeDemoUsers(findings, pod)
      await seePermissions(findings, pod)
      const hash = await seeHashCommand(findings, pod)
      changed = umhFile('credentials.xml').replace(/(<name>node-red<\/name>\s*<password>)[^<]*/, `$1${hash}`)
      await pod.stop()
    }
    release.extensionConfig.update({ ...DELIVERED, 'credentials.xml': withAdmin(changed) })
    {
      await using pod = await release.startPod()
      await pod.ready()
      await findings.look(30, 'ConfigMap changed, pod deleted', () => passwordsOf(pod, NEW_PASSWORD, PASSWORD))
      await seeSuperuser(findings, pod)
      await seeChangeInPlace(findings, pod)
      await pod.stop()
    }
    await seeStrictSuperuser(findings, release)
    await seeSwitchedOff(findings, release)
  },
}

const NEW_PASSWORD = 'changed-in-the-ConfigMap'
const DELIVERED = {
  'heartbeat.xml': umhFile('heartbeat.xml'),
  'prometheus.properties': umhFile('prometheus.properties'),
}
const ADMIN = 'admin-user'

/** `adminUser.enabled`, with the password of all others. */
function withAdmin(credentials: string): string {
  const hash = /<name>SENSORCONNECT<\/name>\s*<password>([^<]*)/.exec(credentials)![1]!
  const user = `<user><name>${ADMIN}</name><password>${hash}</password><roles><id>superuser</id></roles></user>`
  return credentials.replace('</users>', `${user}</users>`)
}

async function seeDemoUsers(findings: Findings, pod: BrokerPod): Promise<void> {
  await pod.ready()
  const url = `mqtt://${pod.address}`
  await findings.look(28, 'demo credentials.xml copied, hook not yet run', async () => {
    const demo = await refusal(url, { username: DEMO_USER.name, password: DEMO_USER.password })
    const admin = await refusal(url, { username: 'admin-user', password: 'admin-password' })
    return [demo === 5 && admin === 5, `user1 is refused with ${demo}, admin-user with ${admin}`]
  })
}

async function seePermissions(findings: Findings, pod: BrokerPod): Promise<void> {
  const url = `mqtt://${pod.address}`
  for (const [user, expected] of Object.entries(PERMISSIONS)) {
    await findings.look(26, user, async () => {
      const seen = await permissionsOf(url, user, PASSWORD)
      return [seen === expected, seen === expected ? `may do ${seen}` : `may do ${seen}, expected ${expected}`]
    })
  }
  await findings.look(26, 'the stack with its logins', () => workWithLogins(url))
  await findings.look(26, 'wrong password, unknown user, DATA_BRIDGE, none at all', async () => {
    const codes = [
      await refusal(url, { username: 'node-red', password: 'x' }),
      await refusal(url, { username: 'nobody', password: PASSWORD }),
      await refusal(url, { username: 'DATA_BRIDGE', password: PASSWORD }),
      await refusal(url),
    ]
    return [codes.join(' ') === '5 5 5 4', `refused with ${codes.join(', ')}`]
  })
}

const READINGS = 10

/** What flows through UMH does so with each client's own login: the bridge gets by its shared subscription what others publish. */
async function workWithLogins(url: string): Promise<readonly [boolean, string]> {
  await using bridge = await connectKafkaBridge(url)
  await using nodeRed = await connectNodeRed(url)
  await using sensorconnect = await connectSensorconnect(url)
  await using iotSensors = await connectIotSensors(url)
  await using packml = await connectPackml(url)
  for (let i = 0; i < READINGS; i++) {
    await publishReading(sensorconnect, i)
    await publishTemperature(iotSensors, i, true)
    await publishState(packml, String(i))
    await nodeRed.mqtt.publishAsync(`${PRODUCTION_LINE}/Command/Start`, String(i), { qos: 1 })
  }
  const counts = [
    (await bridge.received(2 * READINGS)).length,
    (await nodeRed.received(2 * READINGS)).length,
    (await packml.received(READINGS)).length,
  ]
  const losses = [bridge, nodeRed, sensorconnect, iotSensors, packml].reduce((sum, client) => sum + client.losses, 0)
  return [
    losses === 0 && counts.join(' ') === '20 20 10',
    `Kafka bridge ${counts[0]}/20 by its shared subscription, Node-RED ${counts[1]}/20, PackML simulator ${counts[2]}/10, ${losses} connections lost`,
  ]
}

/** As the documentation has it: a shell in the pod, its working folder, the jar. */
async function seeHashCommand(findings: Findings, pod: BrokerPod): Promise<string> {
  const jar = 'hivemq-file-rbac-extension-4.5.3.jar'
  const java = await pod.container.exec(
    `cd extensions/hivemq-file-rbac-extension && java -jar ${jar} -p ${NEW_PASSWORD}`,
  )
  const hash = /[A-Za-z0-9+/=]+:100:[A-Za-z0-9+/=]{88}/.exec(java.output)?.[0] ?? ''
  findings.saw(29, java.code === 0 && hash !== '', `java -jar ${jar} -p … gives ${hash || java.output}`)
  const own = await pod.container.exec('waggle hash-password -q -p secret')
  findings.saw(29, /^[^:\s]+:100:[^:\s]+$/.test(own.output.trim()), `waggle hash-password gives ${own.output.trim()}`)
  const other = await pod.container.exec('java -version')
  findings.saw(
    29,
    other.code === 1 && other.output.includes('hash-password'),
    `java -version says what there is instead`,
  )
  return hash
}

async function passwordsOf(pod: BrokerPod, good: string, bad: string): Promise<readonly [boolean, string]> {
  const url = `mqtt://${pod.address}`
  const codes = [
    await refusal(url, { username: 'node-red', password: good }),
    await refusal(url, { username: 'node-red', password: bad }),
  ]
  return [codes.join(' ') === '0 5', `new password ${codes[0]}, old one ${codes[1]}`]
}

async function seeSuperuser(findings: Findings, pod: BrokerPod): Promise<void> {
  const url = `mqtt://${pod.address}`
  const warnings = pod.lines(/WARN .*topic/)
  findings.saw(27, warnings.length === 1, `one WARN: ${warnings.join(' | ')}`)
  await findings.look(27, 'superuser', async () => {
    await using admin = await StackClient.connect(url, { username: ADMIN, password: PASSWORD })
    for (const filter of ['#', '$dropped/#', '$expired/#', '$dead/#']) await admin.subscribe(filter, 1)
    await admin.mqtt.publishAsync('any/topic', 'x', { qos: 1 })
    await admin.received(1)
    return 'subscribes to all four, publishes anywhere'
  })
  await findings.look(26, ADMIN, async () => {
    const seen = await permissionsOf(url, ADMIN, PASSWORD)
    return [!seen.includes('-'), `may do ${seen}`]
  })
}

/** The reload is the one thing of the rehearsal that has to be waited for: 60 s in UMH's extension-config.xml. */
async function seeChangeInPlace(findings: Findings, pod: BrokerPod): Promise<void> {
  const file = 'extensions/hivemq-file-rbac-extension/credentials.xml'
  await pod.container.exec(
    `cp ${file} /tmp/new && sed -i 's/<name>IOTSENSORSMQTT</<name>IOTSENSORS</' /tmp/new && cp /tmp/new ${file}`,
  )
  const asNew = async (): Promise<boolean> =>
    (await refusal(`mqtt://${pod.address}`, { username: 'IOTSENSORS', password: PASSWORD })) === 0
  const ms = await waitUntil(asNew, RELOAD_MS + POLLED_MS, () => 'not taken up').catch(() => null)
  const text = ms === null ? 'does not count after a minute' : `counts after ${(ms / 1000).toFixed(1)} s`
  for (const point of [23, 30]) findings.saw(point, ms !== null, `credentials.xml changed in place: ${text}`)
}

const RELOAD_MS = 60_000
/** Of the reading, and of attempts to log in on a busy machine. */
const POLLED_MS = 3000

async function seeStrictSuperuser(findings: Findings, release: Release): Promise<void> {
  await using pod = await release.startPod({
    beforeStart: () => {
      const config =
        '<extension-configuration><waggle><repeated-topic>last</repeated-topic></waggle></extension-configuration>'
      release.writeExtensionFile('hivemq-file-rbac-extension/extension-config.xml', config)
    },
  })
  await pod.ready()
  await findings.look(27, 'repeated-topic last', async () => {
    const seen = await permissionsOf(`mqtt://${pod.address}`, ADMIN, PASSWORD)
    return [!seen.includes('+'), `superuser may do ${seen}`]
  })
  await pod.stop()
}

/** As with HiveMQ: the folder of file-rbac stays, and goes on deciding. */
async function seeSwitchedOff(findings: Findings, release: Release): Promise<void> {
  release.isRbacEnabled = false
  await using pod = await release.startPod()
  await pod.ready()
  await findings.look(19, 'true, with file-rbac left behind', async () => {
    const url = `mqtt://${pod.address}`
    const codes = [await refusal(url), await refusal(url, { username: 'SENSORCONNECT', password: PASSWORD })]
    return [codes.join(' ') === '4 0', `without a login ${codes[0]}, with one ${codes[1]}`]
  })
}
