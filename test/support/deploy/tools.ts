// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const TOOLS = join(import.meta.dirname, '../../../.tools/bin')

/** A program of scripts/deploy/install-tools.sh. A missing one fails the test: unchecked is not the same as right. */
export function tool(name: 'helm' | 'kubernetes-validate' | 'hadolint'): string {
  const path = join(TOOLS, name)
  if (!existsSync(path)) {
    throw new Error(`${name} is missing. To install it (needs python3 with venv): scripts/deploy/install-tools.sh`)
  }
  return path
}
