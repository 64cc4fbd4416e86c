// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { Release } from '../stack/release.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { StackClient } from '../stack/connect.ts'
import { driveStack } from './drive-stack.ts'
import { protocol } from './protocol.ts'
import type { Scenario } from './scenario.ts'

/** The volumes are empty: everything of the first start, the clients of the stack, then a restart with all that must survive it. */
export const firstStart: Scenario = {
  title: 'first start and restart',
  points: [2, 3, 4, 5, 18, 21, 22, 24, 31, 32, 33, 34, 35, 40],
  async run(findings, root) {
    using release = new Release(root, CHART_0_15)
    {
      await using pod = await release.startPod()
      await seeStart(findings, pod)
      await seeImage(findings, pod)
      await seePortProbes(findings, pod)
      await protocol(findings, pod.address)
      await driveStack(findings, pod.address)
      await leaveSession(pod.address)
      const { code, ms } = await pod.stop()
      findings.saw(5, (code === 0 || code === 143) && ms < 30_000, `exit code ${code} ${ms} ms after SIGTERM`)
      seeLog(findings, pod)
    }
    await using pod = await release.startPod()
    await pod.ready()
    await findings.look(22, 'second start', async () => `exit code ${(await pod.hook()).code}`)
    await seeNestedCopies(findings, pod)
    await seeSession(findings, pod.address)
  },
}

async function seeStart(findings: Findings, pod: BrokerPod): Promise<void> {
  const ms = await pod.ready()
  await findings.look(22, 'first start', async () => `exit code ${(await pod.hook()).code}`)
  findings.saw(24, true, `the probe got ${pod.answers.join(', then ')} after ${ms} ms, within 0.7 of a core`)
  await findings.look(24, 'at the first 200', async () => {
    await using client = await StackClient.connect(`mqtt://${pod.address}`)
    return `a client connects (${client.losses} losses)`
  })
  await findings.look(24, 'metrics', async () => {
    const text = await pod.metrics()
    const names = ['com_hivemq_messages_incoming_publish_count', 'com_hivemq_networking_connections_current']
    const missing = names.filter((name) => !text.includes(name))
    return [missing.length === 0, missing.length === 0 ? `has ${names.join(', ')}` : `lacks ${missing.join(', ')}`]
  })
}

async function seeImage(findings: Findings, { container }: BrokerPod): Promise<void> {
  const { code, output } = await container.exec('pwd; readlink -f .; command -v sh cp ls')
  const home = '/opt/hivemq-ce-2024.1'
  findings.saw(2, code === 0 && output.includes(home), `a shell begins in ${output.trim().split('\n').join(', ')}`)
  findings.saw(
    2,
    true,
    `ran on ${process.arch}; the other architecture is built by the same steps and was not run here`,
  )
  const uid = `${container.status('Uid').split('\t')[0]}:${container.status('Gid').split('\t')[0]}`
  const groups = container.status('Groups')
  findings.saw(3, uid === '10000:10000' && groups === '', `process 1 has ${uid}, groups "${groups}"`)
  const data = (await container.exec('stat -c "%u:%g %a" data')).output.trim()
  findings.saw(3, data === '10000:10000 700', `data has ${data}`)
  const homes = ['hivemq', 'hivemq-ce-2022.1', 'hivemq-ce-2023.7', 'hivemq-ce-2024.1']
  const files = (await container.exec(homes.map((name) => `readlink -f /opt/${name}/conf`).join('; '))).output.trim()
  const places = new Set(files.split('\n'))
  // The image is read for each container: an instruction that nobody here carries out, as VOLUME, would have thrown.
  findings.saw(
    4,
    places.size === 1,
    `the Dockerfile has no VOLUME; conf of ${homes.join(', ')} is ${[...places].join(', ')}`,
  )
}

async function seePortProbes(findings: Findings, pod: BrokerPod): Promise<void> {
  const before = pod.log.length
  for (const port of [1883, 8883]) {
    for (let i = 0; i < PROBES; i++) {
      const socket = connect({ host: pod.address, port })
      await once(socket, 'connect')
      socket.destroy()
      await once(socket, 'close')
    }
  }
  await pause(SETTLE_MS)
  const said = pod.log.slice(before)
  findings.saw(
    18,
    said === '',
    `${PROBES} connections without a byte to each of 1883 and 8883: ${said || 'not a line'}`,
  )
}

const PROBES = 20
/** For what is not to come: lines of a log, which nobody waits for in the broker either. */
const SETTLE_MS = 300

const SESSION = { clientId: 'reporting-line-4', clean: false } as const
const QUEUED = 50

/** A session with a queue, and a retained message. */
async function leaveSession(address: string): Promise<void> {
  {
    await using subscriber = await StackClient.connect(`mqtt://${address}`, SESSION)
    await subscriber.subscribe('reports/#', 1)
  }
  await using publisher = await StackClient.connect(`mqtt://${address}`)
  for (let i = 0; i < QUEUED; i++) await publisher.mqtt.publishAsync('reports/4', String(i), { qos: 1 })
  await publisher.mqtt.publishAsync('state/4', 'on', { qos: 1, retain: true })
}

async function seeSession(findings: Findings, address: string): Promise<void> {
  await findings.look(5, 'after the restart', async () => {
    await using subscriber = await StackClient.connect(`mqtt://${address}`, SESSION)
    const texts = (await subscriber.received(QUEUED)).map(({ text }) => Number(text))
    const isWhole = texts.length === QUEUED && texts.every((text, i) => text === i)
    await subscriber.subscribe('state/4', 1)
    const retained = (await subscriber.received(QUEUED + 1)).at(-1)!
    return [isWhole && retained.retain, `${texts.length} of ${QUEUED} queued messages in order, and the retained one`]
  })
}

async function seeNestedCopies(findings: Findings, pod: BrokerPod): Promise<void> {
  const nested = (await pod.container.exec('ls -d extensions/*/*/hivemq-extension.xml')).output.trim().split('\n')
  const started = pod.lines(/Extension ".*started successfully/)
  findings.saw(
    21,
    nested.length === 3 && started.length === 3 && pod.lines(/ (WARN|ERROR) /).length === 1,
    `${nested.length} copies inside of others at the second start, ${started.length} extensions started`,
  )
}

/** HiveMQ's form: a time, a level in the first 30 columns, `- `, the text; a stack in lines of its own. */
const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO |WARN |ERROR) - \S/

function seeLog(findings: Findings, pod: BrokerPod): void {
  const lines = pod.log.trim().split('\n')
  const others = lines.filter((line) => !LINE.test(line))
  findings.saw(40, others.length === 0, `${lines.length} lines, ${others.length} of another form${others.join(' | ')}`)
  for (const text of [
    'Started HiveMQ in',
    'Started TCP Listener on address 0.0.0.0 and on port 1883.',
    'Shutdown completed.',
  ]) {
    findings.saw(
      40,
      lines.some((line) => line.includes(text)),
      `"${text}"`,
    )
  }
}
