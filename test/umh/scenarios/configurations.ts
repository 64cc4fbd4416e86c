// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect } from 'node:net'
import type { IClientOptions } from 'mqtt'
import { configXml } from '../../deploy/umh-objects.ts'
import type { Findings } from '../findings.ts'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { Release } from '../stack/release.ts'
import { CHART_0_15, CHART_0_29, type ChartVersion } from '../stack/chart-version.ts'
import { connects, refusal, StackClient, withCertificate } from '../stack/connect.ts'
import { connectPackml, publishState } from '../stack/shop-floor.ts'
import { seeConfigChange } from './config-change.ts'
import type { Scenario } from './scenario.ts'

interface Rendering {
  readonly name: string
  readonly chart: ChartVersion
  readonly xml: string
  readonly ports: readonly number[]
  readonly retained: boolean
  readonly requiresCertificate: boolean
}

const BASIC_PORTS = [1883, 8883]

/** Every config.xml that a chart of UMH renders, with the blank lines that its template leaves. */
const RENDERINGS: readonly Rendering[] = [
  {
    name: '0.15.0 with ws and wss',
    chart: CHART_0_15,
    xml: withBlankLines(configXml('REQUIRED', { hasWebSocket: true })),
    ports: [...BASIC_PORTS, 8080, 8443],
    retained: true,
    requiresCertificate: true,
  },
  {
    name: '0.29.0',
    chart: CHART_0_29,
    xml: withBlankLines(configXml('OPTIONAL', { retainedMessages: false })),
    ports: BASIC_PORTS,
    retained: false,
    requiresCertificate: false,
  },
  {
    name: '0.29.0 with requireMutualAuth',
    chart: CHART_0_29,
    xml: configXml('REQUIRED', { retainedMessages: false }),
    ports: BASIC_PORTS,
    retained: false,
    requiresCertificate: true,
  },
]

export const configurations: Scenario = {
  title: 'config.xml of every chart, and other ones',
  points: [9, 10, 11, 14, 17, 31, 40],
  async run(findings, root) {
    for (const rendering of RENDERINGS) {
      using release = new Release(root, rendering.chart, rendering.xml)
      await using pod = await release.startPod()
      await pod.ready()
      await seeEffects(findings, pod, rendering)
      if (rendering.ports.includes(8080)) await seeWebSocket(findings, pod.address)
      if (rendering.name === '0.29.0') await seeOptionalCertificates(findings, pod.address)
      await pod.stop()
    }
    await seeUnknownElements(findings, root)
    await seeMissingFile(findings, root)
    await seeConfigChange(findings, root)
  },
}

function withBlankLines(xml: string): string {
  return xml.replaceAll(/<(protocol|cipher-suite)>/g, '\n\n          \n<$1>')
}

async function seeEffects(findings: Findings, pod: BrokerPod, rendering: Rendering): Promise<void> {
  await findings.look(9, rendering.name, async () => {
    const open: number[] = []
    for (const port of [1883, 8000, 8080, 8443, 8883]) if (await isOpen(pod.address, port)) open.push(port)
    const isRight = open.join(' ') === rendering.ports.toSorted((one, other) => one - other).join(' ')
    const emptyId = await refusal(`mqtt://${pod.address}`, { clientId: '', clean: true })
    const named = pod.lines(/ready on hivemq-mqtt \(0\.0\.0\.0:1883\), hivemq-secure-mqtt \(0\.0\.0\.0:8883\)/).length
    const withoutCertificate = await connects(`mqtts://${pod.address}:8883`, { rejectUnauthorized: false })
    return [
      isRight && emptyId === 2 && named === 1 && withoutCertificate === !rendering.requiresCertificate,
      `ports ${open.join(', ')}, listeners by their names, empty client id ${emptyId}, ` +
        `without a certificate ${withoutCertificate ? 'let in' : 'refused'}`,
    ]
  })
  await findings.look(31, `retained messages, ${rendering.name}`, () => packmlStates(pod.address, rendering.retained))
  seeLegacyElements(findings, pod, rendering.name)
  const complaints = pod.lines(/ (?:WARN|ERROR) .*config\.xml/)
  findings.saw(
    11,
    complaints.length === 0,
    `${rendering.name}, with xmlns:xsi and blank lines: ${complaints.length} complaints`,
  )
}

function seeLegacyElements(findings: Findings, pod: BrokerPod, name: string): void {
  const elements = [
    /persistence: found modes of HiveMQ 3/,
    /max-queued-messages: found .*1800000 is used/,
    /queued-messages-strategy: found .*discard-oldest is used/,
    /dead-messages-topic\/enabled: found/,
    /expired-messages-topic\/enabled: found/,
    /dropped-messages-topic\/enabled: found/,
  ]
  const counts = elements.map((element) => pod.lines(element).length)
  findings.saw(
    10,
    counts.every((count) => count === 1),
    `${name}: lines for each of the elements: ${counts.join(', ')}`,
  )
}

/** The simulator publishes retained: with era B's switch HiveMQ ends its connection, and so does whoever takes its place. */
async function packmlStates(address: string, expected: boolean): Promise<readonly [boolean, string]> {
  const url = `mqtt://${address}`
  await using packml = await connectPackml(url)
  await publishState(packml, 'Execute')
  if (!expected) {
    await packml.lost()
    return [true, 'off: a retained message ends the connection of the PackML simulator']
  }
  await using late = await StackClient.connect(url)
  await late.subscribe('testLocation/#', 1)
  const [message] = await late.received(1)
  return [message!.retain && packml.losses === 0, 'on: the state is there for later subscribers']
}

async function seeWebSocket(findings: Findings, address: string): Promise<void> {
  const versions: Readonly<Record<string, IClientOptions>> = {
    'mqttv3.1': { protocolId: 'MQIsdp', protocolVersion: 3 },
    mqtt: { protocolVersion: 5 },
  }
  for (const [subprotocol, options] of Object.entries(versions)) {
    await findings.look(17, subprotocol, async () => {
      const both = { ...options, wsOptions: { protocol: subprotocol } }
      await using plain = await StackClient.connect(`ws://${address}:8080/mqtt`, both)
      const certificate = withCertificate('client-pinned')
      await using secure = await StackClient.connect(`wss://${address}:8443/mqtt`, {
        ...both,
        ...certificate,
        wsOptions: { ...both.wsOptions, ...certificate },
      })
      await secure.subscribe('web/socket', 1)
      await plain.mqtt.publishAsync('web/socket', 'x', { qos: 1 })
      await secure.received(1)
      return '8080 and 8443 at /mqtt, a message from one to the other'
    })
  }
}

async function seeOptionalCertificates(findings: Findings, address: string): Promise<void> {
  const url = `mqtts://${address}:8883`
  await findings.look(14, 'OPTIONAL', async () => {
    const none = await connects(url, { rejectUnauthorized: false })
    const pinned = await connects(url, withCertificate('client-pinned'))
    const foreign = await connects(url, withCertificate('client-foreign'))
    return [none && pinned && !foreign, `without ${none}, pinned ${pinned}, unknown ${foreign}`]
  })
}

async function seeUnknownElements(findings: Findings, root: string): Promise<void> {
  const xml = configXml('REQUIRED').replace(
    '</hivemq>',
    '<acme><speed>7</speed></acme><waggle><logging><format>json</format></logging></waggle></hivemq>',
  )
  using release = new Release(root, CHART_0_15, xml)
  await using pod = await release.startPod()
  await pod.ready()
  const told = pod.lines(/WARN.*acme/)
  findings.saw(11, told.length === 1, `an unknown element: ${told.join(' | ')}`)
  const lines = pod.log.trim().split('\n')
  const objects = lines.filter((line) => line.startsWith('{') && 'message' in (JSON.parse(line) as object))
  findings.saw(
    40,
    objects.length === lines.length,
    `with format json ${objects.length} of ${lines.length} lines are JSON`,
  )
}

async function seeMissingFile(findings: Findings, root: string): Promise<void> {
  using release = new Release(root, CHART_0_15)
  release.config.update({})
  await using pod = await release.startPod()
  await pod.ready()
  const told = pod.lines(/WARN.*config\.xml/)
  const isOpenNow = await connects(`mqtt://${pod.address}`)
  findings.saw(
    11,
    told.length > 0 && isOpenNow,
    `without the file: 1883 ${isOpenNow ? 'open' : 'shut'}; ${told.join(' | ')}`,
  )
}

async function isOpen(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
