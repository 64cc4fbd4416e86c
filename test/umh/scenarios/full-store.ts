// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { ErrorWithReasonCode } from 'mqtt'
import { Release } from '../stack/release.ts'
import { CHART_0_15 } from '../stack/chart-version.ts'
import { StackClient } from '../stack/connect.ts'
import type { Scenario } from './scenario.ts'

const STORE_FULL = 0x97
const RETAINED = 20_000
const PAYLOAD = Buffer.alloc(256 * 1024, 'x')
const PUBLISHERS = 16
const CLAIM_MIB = 2048

/** The claim of 2 GiB filled as far as the broker fills it, then a start within UMH's limits. */
export const fullStore: Scenario = {
  title: 'a full store',
  points: [8, 24, 36],
  async run(findings, root) {
    using release = new Release(root, CHART_0_15)
    let stored = 0
    {
      // Filling it is not what is measured: as fast as the machine can.
      await using pod = await release.startPod({ limits: { cpu: 4000, memoryMiB: 1700 } })
      await pod.ready()
      stored = await fill(`mqtt://${pod.address}`)
      await pod.stop()
    }
    const sizeMiB = Math.round(sizeOf(release.data) / 1024 ** 2)
    findings.saw(
      36,
      sizeMiB < CLAIM_MIB,
      `the store says 0x97 when the claim has ${sizeMiB} of ${CLAIM_MIB} MiB, without anything of HiveMQ`,
    )
    forgetPages(release.data)
    await using pod = await release.startPod()
    const ms = await pod.ready()
    const what = `${sizeMiB} MiB, ${stored} large messages, queued and retained, ${RETAINED} small retained ones, not in the page cache`
    findings.saw(8, ms < 30_000, `${what}: ready after ${(ms / 1000).toFixed(1)} s within 700m and 1700Mi`)
    findings.saw(24, pod.answers.at(-1) === '200', `with a full store the probe got ${pod.answers.join(', then ')}`)
    await findings.look(8, 'afterwards', async () => {
      await using client = await StackClient.connect(`mqtt://${pod.address}`, SESSION)
      const messages = await client.received(100)
      return [pod.container.group.kills === 0, `the queue is delivered (${messages[0]!.topic}, …)`]
    })
    await pod.stop()
  },
}

const SESSION = { clientId: 'archive', clean: false } as const

/** Returns how many messages there are when there is no more room. */
async function fill(url: string): Promise<number> {
  {
    await using archive = await StackClient.connect(url, SESSION)
    await archive.subscribe('archive/#', 1)
  }
  // MQTT 3.1.1: all at once, without a receive maximum.
  await using publisher = await StackClient.connect(url)
  const retained = Array.from({ length: RETAINED }, async (_, i) =>
    publisher.mqtt.publishAsync(`state/${i}`, `state of ${i}`, { qos: 1, retain: true }),
  )
  await Promise.all(retained)
  let stored = 0
  const publishUntilFull = async (): Promise<void> => {
    await using other = await StackClient.connect(url, { protocolVersion: 5 })
    try {
      for (;;) {
        // Retained as well: queues alone would give up their oldest messages before the store is full.
        const topic = `archive/${String(stored++).padStart(6, '0')}`
        await other.mqtt.publishAsync(topic, PAYLOAD, { qos: 1, retain: true })
      }
    } catch (error) {
      if ((error as ErrorWithReasonCode).code !== STORE_FULL) throw error
    }
  }
  await Promise.all(Array.from({ length: PUBLISHERS }, publishUntilFull))
  return stored
}

function sizeOf(claim: string): number {
  const [blocks] = execFileSync('du', ['-s', '--block-size=1', claim], { encoding: 'utf8' }).split('\t')
  return Number(blocks)
}

/** A pod that is moved to another node finds nothing in memory. */
function forgetPages(claim: string): void {
  const file = join(claim, 'waggle', 'waggle.mdb')
  if (statSync(file).isFile()) execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
}
