// SPDX-License-Identifier: Apache-2.0
import { setTimeout as pause } from 'node:timers/promises'
import type { BrokerPod } from '../stack/broker-pod.ts'
import { Release } from '../stack/release.ts'
import { CHART_0_9_10 } from '../stack/chart-version.ts'
import { StackClient } from '../stack/connect.ts'
import type { Scenario } from './scenario.ts'

/** The smallest pod that UMH has had: 500m and 500Mi, an eighth of what is published into it here. */
export const load: Scenario = {
  title: 'little memory, much load',
  points: [7],
  async run(findings, root) {
    using release = new Release(root, CHART_0_9_10)
    await using pod = await release.startPod()
    const ms = await pod.ready()
    const { group } = pod.container
    findings.saw(7, ms < 60_000, `${group.missing ?? 'in a control group with 500m and 500Mi'}: ready after ${ms} ms`)
    await pause(IDLE_MS)
    const { anonymousMiB, residentMiB } = pod.container.memory
    const { workingSetMiB } = group
    findings.saw(
      7,
      (workingSetMiB ?? residentMiB) < 100,
      `idle: working set ${workingSetMiB ?? 'unknown, no'} MiB, of which ${anonymousMiB} MiB belong to no file; ${residentMiB} MiB resident with Node's code`,
    )
    await findings.look(7, 'load', () => flood(pod))
    await pod.stop()
  },
}

/** For what was only needed to start. */
const IDLE_MS = 3_000

const PAYLOAD = Buffer.alloc(128 * 1024, 'x')
const LOAD_MS = 8_000

/** Queues that nobody empties, a subscriber that does not read, retained messages: as much as goes in. */
async function flood(pod: BrokerPod): Promise<readonly [boolean, string]> {
  const url = `mqtt://${pod.address}`
  for (const clientId of ['offline-1', 'offline-2']) {
    await using offline = await StackClient.connect(url, { clientId, clean: false })
    await offline.subscribe('flood/#', 1)
  }
  await using deaf = await StackClient.connect(url)
  await deaf.subscribe('flood/#', 0)
  deaf.mqtt.stream.pause()
  const end = performance.now() + LOAD_MS
  let sent = 0
  let refused = 0
  let peakMiB = 0
  const publish = async (number: number): Promise<void> => {
    while (performance.now() < end) {
      // Refused at the limits, MQTT 3.1.1 knows no other word than the end.
      try {
        await using publisher = await StackClient.connect(url, { protocolVersion: 5 })
        while (performance.now() < end) {
          const topic = `flood/${number}/${sent % 500}`
          await publisher.mqtt.publishAsync(topic, PAYLOAD, { qos: 1, retain: sent % 2 === 0 })
          sent++
          peakMiB = Math.max(peakMiB, pod.container.memory.anonymousMiB)
        }
      } catch {
        refused++
        await pause(REFUSED_MS)
      }
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, (_, number) => publish(number)))
  const { kills } = pod.container.group
  const probe = await pod.probe()
  await using late = await StackClient.connect(url)
  const sentMiB = Math.round((sent * PAYLOAD.length) / 1024 ** 2)
  return [
    !pod.container.hasEnded && kills === 0 && late.losses === 0,
    `${sentMiB} MiB accepted for two queues, a subscriber that does not read, and retained messages; ${refused} refusals; ` +
      `${peakMiB} MiB of its own at most, ${kills} kills for lack of memory; afterwards a client connects, heartbeat ${probe}`,
  ]
}

const PUBLISHERS = 8
const REFUSED_MS = 50
