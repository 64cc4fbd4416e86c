// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isOnPath } from '../support/tools.ts'
import { Findings } from './findings.ts'
import { certificates } from './scenarios/certificates.ts'
import { configurations } from './scenarios/configurations.ts'
import { extensionsFolder } from './scenarios/extensions-folder.ts'
import { firstStart } from './scenarios/first-start.ts'
import { fullStore } from './scenarios/full-store.ts'
import { homes } from './scenarios/homes.ts'
import { load } from './scenarios/load.ts'
import { objectNames } from './scenarios/object-names.ts'
import { rbac } from './scenarios/rbac.ts'
import { rollback } from './scenarios/rollback.ts'
import type { Scenario } from './scenarios/scenario.ts'

// The rehearsal of UMH: our image in the pods that its charts make, with the clients of its stack. `npm run test:umh` prints the
// acceptance list with what was seen of each point.

const BUILD_SCRIPT = join(import.meta.dirname, '../../deploy/docker/build-root.sh')
const PACKAGES = join(BUILD_SCRIPT, '../packages')
const TOOLS = ['unshare', 'nsenter', 'setpriv', 'ip', 'busybox', 'strip'] as const

/** A client that never gets its answer must not hold up the list. */
const LIMIT_MS = 170_000

/** One row after the other: in the first nothing disturbs what is measured, in the second some have to wait for clocks. */
const ROWS: readonly (readonly (readonly Scenario[])[])[] = [
  [[load]],
  [[rbac, certificates], [firstStart, rollback, extensionsFolder, configurations, homes, objectNames], [fullStore]],
]

if (!isPossible()) process.exit(process.env['WAGGLE_REQUIRE_TOOLS'] === '1' ? 1 : 0)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const wanted = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'waggle-image-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const root = join(folder, 'root')
execFileSync(BUILD_SCRIPT, [root], { stdio: ['ignore', 'ignore', 'inherit'] })

const findings = new Findings()
for (const row of ROWS) {
  await Promise.all(
    row.map(async (lane) => {
      for (const scenario of lane) await run(scenario)
    }),
  )
}
const isAccepted = findings.print((line) => console.log(line), wanted.length === 0)
process.exit(isAccepted ? 0 : 1)

async function run(scenario: Scenario): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(scenario.title)) return
  const begin = performance.now()
  try {
    await Promise.race([scenario.run(findings, root), tooLong()])
  } catch (error) {
    console.error(error)
    for (const point of scenario.points) findings.saw(point, false, `"${scenario.title}" broke off: ${String(error)}`)
  }
  console.log(`${scenario.title}: ${((performance.now() - begin) / 1000).toFixed(1)} s`)
}

async function tooLong(): Promise<never> {
  await pause(LIMIT_MS, undefined, { ref: false })
  throw new Error(`not done after ${LIMIT_MS / 1000} s`)
}

/** Namespaces and mounts are root's. */
function isPossible(): boolean {
  const missing: string[] = TOOLS.filter((name) => !isOnPath(name))
  const canUnshare = spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true']).status === 0
  if (!canUnshare) missing.push('the right to make namespaces (run it as root)')
  if (missing.length > 0) {
    const how = `iproute2 and ${readFileSync(PACKAGES, 'utf8').trim().replaceAll('\n', ', ')} bring the programs`
    console.error(`The rehearsal of UMH is left out, it lacks ${missing.join(', ')}; ${how}`)
  }
  return missing.length === 0
}
