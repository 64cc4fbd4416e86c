// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

// Programs that some tests need and not every machine has. Where one is not there its tests are left out, and a line says so;
// with WAGGLE_REQUIRE_TOOLS=1, as in `.ci/run`, its lack fails them: there, unchecked is not the same as right.

const mustBeThere = process.env['WAGGLE_REQUIRE_TOOLS'] === '1'

/** Whether tests of a program can run, or must. `how`: what installs it. */
export function canTest(name: string, isThere: boolean, how: string): boolean {
  if (!isThere && !mustBeThere) console.warn(`${name} is not installed (${how}): its tests are left out`)
  return isThere || mustBeThere
}

/** On the PATH, by calling it with an option that makes it end. */
export function isOnPath(command: string, option = '--version'): boolean {
  return spawnSync(command, [option]).error === undefined
}

const DEPLOY_TOOLS = join(import.meta.dirname, '../../.tools')

/** Helm, the schemas of Kubernetes and hadolint. */
export function canTestDeployment(): boolean {
  return canTest('Helm', existsSync(join(DEPLOY_TOOLS, 'stamp')), 'scripts/deploy/install-tools.sh')
}
