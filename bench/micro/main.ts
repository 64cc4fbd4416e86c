// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describeMachine } from '../machine.ts'
import { toTable, toText } from '../table.ts'
import { decodeTimings, encodeTimings, viewTimings } from './codec.ts'
import { extensionCallTimings } from './extension-calls.ts'
import { frameReaderTimings } from './frame-reader.ts'
import { permissionTimings } from './permissions.ts'
import type { MatchResult } from './match.ts'
import type { NamedTiming } from './measure.ts'

// Single operations of the hot path, in nanoseconds: medians of 15 samples of 20 ms each, after warming up.

const CACHED_MATCH_TARGET_NANOS = 200
const NEW_MATCH_TARGET_NANOS = 5000
const BYTES_PER_SUBSCRIPTION_TARGET = 300

const { cores, cpuModel, node } = describeMachine()
console.log(`${cores} x ${cpuModel}, Node ${node}\n`)
const timings = [
  ...frameReaderTimings(),
  ...viewTimings(),
  ...decodeTimings(),
  ...encodeTimings(),
  ...permissionTimings(),
  ...(await extensionCallTimings()),
]
const { subscriptions, bytesPerSubscription, cachedOfFew, cachedOfMany, cachedShare, fresh, recipientsPerTopic } =
  matchResult()
timings.push(
  { name: 'match a cached topic, 100 in use', timing: cachedOfFew, targetNanos: CACHED_MATCH_TARGET_NANOS },
  { name: 'match a cached topic, 10 000 in use', timing: cachedOfMany, targetNanos: CACHED_MATCH_TARGET_NANOS },
  { name: 'match a topic that is not in the cache', timing: fresh, targetNanos: NEW_MATCH_TARGET_NANOS },
)
console.log(toTable([['operation', 'ns', 'best ns', 'million/s', 'target'], ...timings.map(toRow)], 1))
console.log(`
${toText(subscriptions)} subscriptions: ${toText(bytesPerSubscription)} bytes each (target: < ${BYTES_PER_SUBSCRIPTION_TARGET}, ${verdict(bytesPerSubscription, BYTES_PER_SUBSCRIPTION_TARGET)}), ${toText(recipientsPerTopic)} recipients of a topic
${(cachedShare * 100).toFixed(1)} % of 10 000 topics in use found a place in the cache`)

function toRow({ name, timing, targetNanos }: NamedTiming): string[] {
  const target = targetNanos === undefined ? '' : `< ${targetNanos} ns: ${verdict(timing.nanos, targetNanos)}`
  return [name, toText(timing.nanos), toText(timing.bestNanos), toText(1000 / timing.nanos), target]
}

function verdict(value: number, limit: number): string {
  return value < limit ? 'pass' : 'FAIL'
}

function matchResult(): MatchResult {
  const script = join(import.meta.dirname, 'match.ts')
  const child = spawnSync(process.execPath, ['--expose-gc', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (child.status !== 0) throw new Error(`match.ts ended with ${child.status ?? child.signal}`)
  return JSON.parse(child.stdout) as MatchResult
}
