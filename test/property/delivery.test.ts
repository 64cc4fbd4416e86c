// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { it } from 'vitest'
import { steps } from '../support/model/step.ts'
import { World } from '../support/model/world.ts'
import { isLongRun, seed } from '../support/run-budget.ts'

// Clients of all versions come and go, subscribe, publish, answer late, in part or never; connections are lost with what was
// on its way, time passes, sessions and messages expire, the broker is restarted and crashes. Everything that leaves the
// broker is held against a model (model/model-broker.ts) in the moment it leaves:
//
//   no message above QoS 0 is lost to a session or a group that has to get it, unless it expired or a queue was full; QoS 2
//   is never delivered twice; each publisher's messages of a topic and QoS stay in order; no more are in flight than the
//   client takes, each under an identifier of its own; a group's message goes to one member, and to another one only when
//   that one is lost; Session Present and every answer are what they should be.

const RUNS = 2_000
const LONG_RUN_MS = 60_000

const limits = fc.record({
  maxQueueSize: fc.constantFrom(1_000, 1_000, 4),
  strategy: fc.constantFrom('discard' as const, 'discard-oldest' as const),
})

const delivery = fc.asyncProperty(limits, steps, async (queueLimits, list) => {
  const world = await World.start(queueLimits)
  for (const next of list) await world.take(next)
  await world.end()
})

it('delivers what it must and nothing else', { timeout: 10 * LONG_RUN_MS }, async () => {
  const end = performance.now() + (isLongRun ? LONG_RUN_MS : 0)
  let runSeed = seed
  do await fc.assert(delivery, { seed: runSeed++, numRuns: RUNS })
  while (performance.now() < end)
})
