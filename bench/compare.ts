// SPDX-License-Identifier: Apache-2.0
import type { BrokerKind } from './broker/broker-kind.ts'
import { type RunningBroker, startBroker } from './broker/broker-process.ts'
import { type LoadProcess, startLoadProcess } from './load-process.ts'
import type { JobResult } from './load/job.ts'
import type { Options } from './options.ts'
import { residentBytes } from './process-usage.ts'
import { Results } from './results.ts'
import { type Group, type Workload, warmUpScale } from './workloads.ts'
import { ProtocolVersion } from '../src/codec/protocol-version.ts'

const BYTES_PER_MB = 1024 * 1024
const GROUPS: readonly Group[] = ['connections', 'messages']

/**
 * Measures all workloads on all brokers, round by round. In a round every broker is a fresh process; they take turns at each
 * workload, so that a machine that slows down for a minute does so for all of them. Those that wait use no CPU. Every other
 * round goes through them backwards.
 */
export async function compare(kinds: readonly BrokerKind[], options: Options): Promise<Results> {
  const results = new Results()
  for (let round = 1; round <= options.rounds; round++) {
    const order = round % 2 === 1 ? kinds : kinds.toReversed()
    for (const group of GROUPS) {
      const ofGroup = options.workloads.filter((workload) => workload.group === group)
      if (ofGroup.length > 0) await measureGroup(order, ofGroup, options, `round ${round}/${options.rounds}`, results)
    }
  }
  return results
}

async function measureGroup(
  kinds: readonly BrokerKind[],
  workloads: readonly Workload[],
  options: Options,
  title: string,
  results: Results,
): Promise<void> {
  const brokers: RunningBroker[] = []
  const load = startLoadProcess()
  try {
    for (const kind of kinds) brokers.push(await startBroker(kind))
    for (const workload of workloads) {
      for (const [i, broker] of brokers.entries()) {
        const { name, hasMqtt5 } = broker.kind
        if (workload.version === ProtocolVersion.V5 && !hasMqtt5) continue
        console.error(`${title}  ${workload.name}  ${name}`)
        const result = await measure(workload, broker, load, options)
        results.add(workload.name, name, result)
        if (result.fault === null) continue
        console.error(`  FAULT: ${result.fault}\n${broker.lastWords()}`)
        // Nobody knows in what state it is now.
        await broker.stop()
        brokers[i] = await startBroker(broker.kind)
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
