// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { usedBytes } from '../support/collect-garbage.ts'
import { Fuzzer } from '../support/fuzz/fuzzer.ts'
import { Random } from '../support/fuzz/random-choice.ts'
import { runRound } from '../support/fuzz/round.ts'
import { TcpFuzzBroker } from '../support/fuzz/tcp-fuzz-broker.ts'
import { isLongRun, seed } from '../support/run-budget.ts'

// Clients that send what no client should, among packets that are right and in an order that makes sense, so that their
// sessions get deep. The broker must not throw, must not stall, must say nothing that MQTT does not allow, and must be empty
// when they are gone; bystanders must not notice.

const PACKETS_OF_A_ROUND = 10_000
const SHORT_RUN_MS = 7_000
const LONG_RUN_PACKETS = 1_000_000
/** What a broker without clients may hold: its topics, the last packet, free slabs. */
const ALLOWED_BYTES = 4 * 1024 * 1024
const TCP_PACKETS = isLongRun ? 100_000 : 10_000

it('a broker survives its clients, and forgets them', { timeout: 1_800_000 }, async () => {
  const start = performance.now()
  const isDone = (packets: number): boolean =>
    isLongRun ? packets >= LONG_RUN_PACKETS : performance.now() - start > SHORT_RUN_MS
  // What the modules themselves keep is there after the first round.
  await runRound(seed, PACKETS_OF_A_ROUND)
  const before = usedBytes()
  let packets = PACKETS_OF_A_ROUND
  for (let round = 1; !isDone(packets); round++) {
    const { packets: count, broker } = await runRound(seed + round, PACKETS_OF_A_ROUND)
    packets += count
    const grown = usedBytes() - before
    expect(grown, `WAGGLE_SEED=${seed}: ${packets} packets leave this in memory`).toBeLessThan(ALLOWED_BYTES)
    expect(broker.slots.size).toBe(0)
  }
  const seconds = (performance.now() - start) / 1000
  const megabytes = [before, usedBytes()].map((bytes) => (bytes / 1024 / 1024).toFixed(1))
  console.log(`${packets} packets, ${Math.round(packets / seconds)} a second, MB in use: ${megabytes.join(' -> ')}`)
})

it('the same over TCP, and lets go of their sockets', { timeout: 600_000 }, async () => {
  const before = socketHandles()
  const broker = await TcpFuzzBroker.start()
  const fuzzer = new Fuzzer(new Random(seed), broker.slots)
  try {
    while (fuzzer.packets < TCP_PACKETS) for (const action of fuzzer.next()) await broker.do(action)
    await broker.stop()
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\nWAGGLE_SEED=${seed}, packet ${fuzzer.packets}`, { cause: error })
  }
  for (let turn = 0; turn < 100 && socketHandles() > before; turn++) await endOfTurn()
  expect(socketHandles()).toBe(before)
})

function socketHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length
}
