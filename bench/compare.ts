// SPDX-License-Identifier: Apache-2.0
import type { BrokerKind } from './broker/broker-kind.ts'
import { type RunningBroker, startBroker } from './broker/broker-process.ts'
import { type LoadProcess, startLoadProcess } from './load-process.ts'
import type { JobResult } from './load/job.ts'
import type { Options } from './options.ts'
import { residentBytes } from './process-usage.ts'
import { Results } from './results.ts'
import { fillLargeStore, type LargeStore } from './store/large-store.ts'
import {
  GROUPS,
  type Group,
  QUEUE_SIZES,
  STORM_CLIENTS,
  type Workload,
  WIRES,
  WITH_LOGINS,
  warmUpScale,
} from './workload.ts'
import { ProtocolVersion } from '../src/codec/protocol-version.ts'

const BYTES_PER_MB = 1024 * 1024

/**
 * Measures all workloads on all brokers, round by round. In a round every broker is a fresh process; they take turns at each
 * workload, so that a machine that slows down for a minute does so for all of them. Those that wait use no CPU. Every other
 * round goes through them backwards.
 */
export async function compare(kinds: readonly BrokerKind[], options: Options): Promise<Results> {
  const results = new Results()
  let largeStore: LargeStore | null = null
  for (let round = 1; round <= options.rounds; round++) {
    const title = `round ${round}/${options.rounds}`
    const order = round % 2 === 1 ? kinds : kinds.toReversed()
    for (const group of GROUPS) {
      const workloads = options.workloads.filter((workload) => workload.group === group)
      const able = order.filter(({ name }) => workloads.some(({ brokers }) => brokers.includes(name)))
      if (able.length === 0) continue
      if (group === 'large-start') {
        largeStore ??= await fillLargeStore(options.scale.storedSessions)
        await measureLargeStart(workloads, largeStore, title, results)
      } else await measureGroup(group, able, workloads, options, title, results)
    }
  }
  largeStore?.remove()
  return results
}

async function measureLargeStart(
  workloads: readonly Workload[],
  store: LargeStore,
  title: string,
  results: Results,
): Promise<void> {
  for (const { name } of workloads) {
    console.error(`${title}  ${name}  waggle`)
    const result = await store.measureStart()
    results.add(name, 'waggle', result)
    if (result.fault !== null) console.error(`  FAULT: ${result.fault}`)
  }
}

async function measureGroup(
  group: Group,
  kinds: readonly BrokerKind[],
  workloads: readonly Workload[],
  options: Options,
  title: string,
  results: Results,
): Promise<void> {
  const start = (kind: BrokerKind): Promise<RunningBroker> =>
    startBroker(kind, {
      queueSize: QUEUE_SIZES[group] ?? null,
      wire: WIRES[group] ?? 'tcp',
      hasLogins: WITH_LOGINS.has(group),
      stormClients: STORM_CLIENTS[group] ?? 0,
    })
  const brokers: RunningBroker[] = []
  const load = startLoadProcess()
  try {
    for (const kind of kinds) brokers.push(await start(kind))
    for (const workload of workloads) {
      for (const [i, broker] of brokers.entries()) {
        const { name, hasMqtt5 } = broker.kind
        if (!workload.brokers.includes(name) || (workload.version === ProtocolVersion.V5 && !hasMqtt5)) continue
        console.error(`${title}  ${workload.name}  ${name}`)
        const result = await measure(workload, broker, load, options)
        results.add(workload.name, name, result)
        if (result.fault === null) continue
        console.error(`  FAULT: ${result.fault}\n${broker.lastWords()}`)
        // Nobody knows in what state it is now.
        await broker.stop()
        brokers[i] = await start(broker.kind)
      }
    }
  } finally {
    load.stop()
    await Promise.all(brokers.map((broker) => broker.stop()))
  }
}

async function measure(
  workload: Workload,
  broker: RunningBroker,
  load: LoadProcess,
  { scale }: Options,
): Promise<JobResult> {
  const job = workload.job(scale)
  if (job === null) return { figures: { memoryAfterStartMb: residentBytes(broker.pid) / BYTES_PER_MB }, fault: null }
  const warmUp = await load.run(workload.job(warmUpScale(scale))!, broker)
  return warmUp.fault === null ? load.run(job, broker) : { ...warmUp, fault: `while warming up: ${warmUp.fault}` }
}
