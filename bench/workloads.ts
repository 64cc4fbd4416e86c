// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../src/codec/packet-type.ts'
import { ProtocolVersion } from '../src/codec/protocol-version.ts'
import type { Figure, Traffic } from './load/job.ts'
import type { Workload } from './workload.ts'

/**
 * No publisher has more QoS 1 and 2 messages under way: as many as Mosquitto is told to take. It ends the connection of one
 * that sends more at QoS 2, of MQTT 3.1.1 too, which cannot know.
 */
export const MAX_IN_FLIGHT = 50

const { V3_1_1, V5 } = ProtocolVersion
const SMALL_PAYLOAD = 64
const LARGE_PAYLOAD = 16 * 1024
const DURABLE_PAYLOAD = 128

const WITH_TLS_OR_WEBSOCKET = ['waggle', 'mosquitto']
const WITH_AND_WITHOUT_RBAC = ['waggle', 'waggle-rbac']
const IN_MEMORY = ['waggle', 'mosquitto', 'aedes']

type Shape = Pick<Traffic, 'publishers' | 'subscribers' | 'topics' | 'isWildcard'>

const FAN_IN: Shape = { publishers: 10, subscribers: 1, topics: 10, isWildcard: true }
const FAN_OUT: Shape = { publishers: 1, subscribers: 100, topics: 1, isWildcard: false }
const PAIRS: Shape = { publishers: 100, subscribers: 100, topics: 100, isWildcard: false }
const TEN_PAIRS: Shape = { publishers: 10, subscribers: 10, topics: 10, isWildcard: false }
const TWENTY_PAIRS: Shape = { publishers: 20, subscribers: 20, topics: 20, isWildcard: false }

const THROUGHPUT_FIGURES: readonly Figure[] = ['messagesPerSec', 'cpuMicrosPerMessage']
const LATENCY_FIGURES: readonly Figure[] = ['p50Micros', 'p90Micros', 'p99Micros', 'p999Micros', 'cpuMicrosPerMessage']

const OFFLINE_FIGURES: readonly Figure[] = [
  'enqueuedPerSec',
  'cpuMicrosPerEnqueue',
  'drainedPerSec',
  'cpuMicrosPerDrain',
  'enqueuedAgainPerSec',
  'drainedAgainPerSec',
  'peakMemoryMb',
  'peakPrivateMb',
  'storeMb',
  'storeGrowth',
]

interface ThroughputLimits {
  /** Deliveries on their way, over all connections. */
  readonly outstanding: number
  /** Of one publisher at QoS 1 and 2. */
  readonly window: number
}

function throughput(
  name: string,
  title: string,
  shape: Shape,
  limits: ThroughputLimits,
  qos: QoS,
  version: ProtocolVersion,
  payloadBytes: number,
): Workload {
  const traffic: Traffic = { ...shape, version, qos, payloadBytes, isPersistent: false }
  return {
    name,
    title,
    group: 'messages',
    version,
    brokers: IN_MEMORY,
    figures: THROUGHPUT_FIGURES,
    job: ({ seconds }) => ({ kind: 'throughput', traffic, ...limits, seconds }),
  }
}

/** The same at all three levels of QoS, in both versions. */
function throughputFamily(
  name: string,
  title: string,
  shape: Shape,
  outstandingAtQoS0: number,
  window: number,
): Workload[] {
  return [V3_1_1, V5].flatMap((version) =>
    ([0, 1, 2] as const).map((qos) => {
      const limits = {
        outstanding: qos === 0 ? outstandingAtQoS0 : window,
        window: Math.min(window, MAX_IN_FLIGHT),
      }
      const isVersion5 = version === V5
      const fullName = `${name}-q${qos}${isVersion5 ? '-v5' : ''}`
      const fullTitle = `${title}, QoS ${qos}${isVersion5 ? ', MQTT 5' : ''}`
      return throughput(fullName, fullTitle, shape, limits, qos, version, SMALL_PAYLOAD)
    }),
  )
}

function fixedRate(name: string, title: string, qos: QoS, messagesPerSec: number): Workload {
  const traffic: Traffic = { ...PAIRS, version: V3_1_1, qos, payloadBytes: SMALL_PAYLOAD, isPersistent: false }
  return {
    name,
    title,
    group: 'messages',
    version: V3_1_1,
    brokers: IN_MEMORY,
    figures: LATENCY_FIGURES,
    job: ({ seconds }) => ({ kind: 'fixed-rate', traffic, messagesPerSec, seconds }),
  }
}

const TLS_WORKLOADS: readonly Workload[] = [
  {
    name: 'tls-idle',
    title: 'connections with TLS that do nothing',
    group: 'tls',
    version: V3_1_1,
    brokers: WITH_TLS_OR_WEBSOCKET,
    figures: ['bytesPerConnection', 'cpuMicrosPerConnect'],
    job: ({ idleConnections }) => ({ kind: 'idle', version: V3_1_1, connections: Math.ceil(idleConnections / 4) }),
  },
  {
    name: 'tls-connect-rate',
    title: 'TLS handshake, connect and disconnect, 64 at a time',
    group: 'tls',
    version: V3_1_1,
    brokers: WITH_TLS_OR_WEBSOCKET,
    figures: ['connectsPerSec', 'cpuMicrosPerConnect'],
    job: ({ shortConnections }) => ({
      kind: 'connect',
      version: V3_1_1,
      connections: Math.ceil(shortConnections / 4),
    }),
  },
  {
    ...throughput(
      'tls-fan-in-q0',
      '10 publishers -> 1 subscriber, all with TLS, QoS 0',
      FAN_IN,
      { outstanding: 2000, window: 0 },
      0,
      V3_1_1,
      SMALL_PAYLOAD,
    ),
    group: 'tls',
    brokers: WITH_TLS_OR_WEBSOCKET,
  },
]

const WEBSOCKET_WORKLOADS: readonly Workload[] = [
  {
    ...throughput(
      'ws-fan-in-q0',
      '10 publishers -> 1 subscriber, all with WebSocket, QoS 0',
      FAN_IN,
      { outstanding: 2000, window: 0 },
      0,
      V3_1_1,
      SMALL_PAYLOAD,
    ),
    group: 'websocket',
    brokers: WITH_TLS_OR_WEBSOCKET,
  },
]

const RBAC_WORKLOADS: readonly Workload[] = [
  ...throughputFamily('rbac-fan-in', '10 publishers -> 1 subscriber, with passwords', FAN_IN, 2000, 100),
  ...throughputFamily('rbac-fan-out', '1 publisher -> 100 subscribers, with passwords', FAN_OUT, 20_000, 50),
  ...throughputFamily('rbac-pairs', '100 publishers -> 100 subscribers, with passwords', PAIRS, 2000, 10),
  fixedRate('rbac-rate-10k-q0', '100 pairs at 10 000 messages/s, with passwords, QoS 0', 0, 10_000),
]
  // The two versions differ in nothing that permissions have to do with.
  .filter(({ version }) => version === V3_1_1)
  .map((workload) => ({ ...workload, group: 'rbac', brokers: WITH_AND_WITHOUT_RBAC }))

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'start',
    title: 'a broker that has just started',
    group: 'connections',
    version: V3_1_1,
    brokers: IN_MEMORY,
    figures: ['memoryAfterStartMb'],
    job: () => null,
  },
  {
    name: 'idle',
    title: 'connections that do nothing',
    group: 'connections',
    version: V3_1_1,
    brokers: IN_MEMORY,
    figures: ['bytesPerConnection', 'cpuMicrosPerConnect'],
    job: ({ idleConnections }) => ({ kind: 'idle', version: V3_1_1, connections: idleConnections }),
  },
  {
    name: 'connect',
    title: 'connect and disconnect, 64 at a time',
    group: 'connections',
    version: V3_1_1,
    brokers: IN_MEMORY,
    figures: ['connectsPerSec', 'cpuMicrosPerConnect'],
    job: ({ shortConnections }) => ({ kind: 'connect', version: V3_1_1, connections: shortConnections }),
  },
  ...throughputFamily('fan-in', '10 publishers -> 1 subscriber', FAN_IN, 2000, 100),
  ...throughputFamily('fan-out', '1 publisher -> 100 subscribers', FAN_OUT, 20_000, 50),
  ...throughputFamily('pairs', '100 publishers -> 100 subscribers', PAIRS, 2000, 10),
  throughput(
    'large-q0',
    '10 pairs, 16 kB payloads, QoS 0',
    TEN_PAIRS,
    { outstanding: 200, window: 0 },
    0,
    V3_1_1,
    LARGE_PAYLOAD,
  ),
  fixedRate('rate-10k-q0', '100 pairs at 10 000 messages/s, QoS 0', 0, 10_000),
  fixedRate('rate-1k-q1', '100 pairs at 1 000 messages/s, QoS 1', 1, 1000),
  ...TLS_WORKLOADS,
  ...WEBSOCKET_WORKLOADS,
  {
    name: 'durable-pairs-q1',
    title: '20 publishers -> 20 subscribers with persistent sessions, QoS 1',
    group: 'durable',
    version: V3_1_1,
    brokers: ['waggle', 'mosquitto', 'mosquitto-persistent'],
    figures: THROUGHPUT_FIGURES,
    job: ({ seconds }) => ({
      kind: 'throughput',
      traffic: { ...TWENTY_PAIRS, version: V3_1_1, qos: 1, payloadBytes: DURABLE_PAYLOAD, isPersistent: true },
      // Not less than the windows of all together: commits have to have something to share.
      outstanding: TWENTY_PAIRS.publishers * MAX_IN_FLIGHT,
      window: MAX_IN_FLIGHT,
      seconds,
    }),
  },
  {
    name: 'offline',
    title: '10 publishers fill the queues of 100 clients that are away (enqueue), which come for it (drain); twice',
    group: 'offline',
    version: V3_1_1,
    brokers: ['waggle', 'mosquitto'],
    figures: OFFLINE_FIGURES,
    job: ({ queuedPerSession }) => ({
      kind: 'offline',
      version: V3_1_1,
      sessions: 100,
      publishers: 10,
      messagesPerSession: queuedPerSession,
      payloadBytes: DURABLE_PAYLOAD,
      window: 200,
    }),
  },
  ...RBAC_WORKLOADS,
  {
    name: 'login-storm',
    title: '100 pairs at 10 000 messages/s, QoS 0, while 5 000 clients log in at once',
    group: 'login-storm',
    version: V3_1_1,
    brokers: WITH_AND_WITHOUT_RBAC,
    figures: ['connectsPerSec', 'messagesPerSec', 'p50Micros', 'p90Micros', 'p99Micros', 'p999Micros'],
    job: ({ stormLogins }) => ({
      kind: 'login-storm',
      traffic: { ...PAIRS, version: V3_1_1, qos: 0, payloadBytes: SMALL_PAYLOAD, isPersistent: false },
      messagesPerSec: 10_000,
      logins: stormLogins,
    }),
  },
  {
    name: 'start-large',
    title: 'start with 100 000 sessions, 300 000 subscriptions, 100 000 retained and 1 000 000 queued messages',
    group: 'large-start',
    version: V3_1_1,
    brokers: ['waggle'],
    figures: ['startSeconds', 'memoryAfterStartMb', 'privateAfterStartMb', 'storeMb'],
    job: () => null,
  },
]

/** Workloads by name; a name also stands for all that go on from it: `fan-in` for `fan-in-q0` to `fan-in-q2-v5`. */
export function selectWorkloads(names: readonly string[]): Workload[] {
  for (const name of names) {
    if (!WORKLOADS.some((workload) => isNamed(workload, name))) throw new Error(`no workload is named ${name}`)
  }
  return WORKLOADS.filter((workload) => names.length === 0 || names.some((name) => isNamed(workload, name)))
}

function isNamed(workload: Workload, name: string): boolean {
  return workload.name === name || workload.name.startsWith(`${name}-`)
}
