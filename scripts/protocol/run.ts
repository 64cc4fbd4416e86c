// SPDX-License-Identifier: Apache-2.0
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { parseScripts } from '../../test/support/script/parse-script.ts'
import { RemoteTarget } from '../../test/support/script/remote-target.ts'
import { runScript } from '../../test/support/script/run-script.ts'
import type { Script } from '../../test/support/script/script.ts'
import { cleanUpAfter, retainedTopics } from './clean-up.ts'
import { obstacleOf } from './obstacle.ts'
import type { Options } from './options.ts'

export interface Outcome {
  readonly script: Script
  readonly version: ProtocolVersion
  readonly result: 'pass' | 'differs' | 'not run'
  /** What differs, or why it was not run. */
  readonly text: string
}

const FOLDER = join(import.meta.dirname, '../../test/protocol/scripts')

/** The scripts that `--only` names, in the order of their files. */
export function selectScripts(only: readonly string[]): Script[] {
  return globSync('*.script', { cwd: FOLDER })
    .toSorted()
    .flatMap((file) => {
      const scripts = parseScripts(readFileSync(join(FOLDER, file), 'utf8'), file)
      const isNamed = only.length === 0 || only.includes(file) || only.includes(basename(file, '.script'))
      return isNamed ? scripts : scripts.filter(({ rows }) => rows.some((row) => only.includes(row)))
    })
}

/** One after the other: they use the same topics and client identifiers. */
export async function* runScripts(scripts: readonly Script[], options: Options): AsyncGenerator<Outcome> {
  const connect = (): Promise<RemoteTarget> => RemoteTarget.connect(options.host, options.port)
  const before = await connect()
  const [topic] = await retainedTopics(before)
  await before.stop()
  if (topic !== undefined) throw new Error(`it holds retained messages, which the run would remove: ${topic}`)
  for (const script of scripts) {
    for (const version of script.versions.filter((name) => options.versions.includes(name))) {
      const obstacle = obstacleOf(script, version)
      if (obstacle !== undefined) {
        yield { script, version, result: 'not run', text: obstacle }
        continue
      }
      const difference = await differenceIn(script, version, await connect())
      yield { script, version, result: difference === undefined ? 'pass' : 'differs', text: difference ?? '' }
      const after = await connect()
      await cleanUpAfter(script, version, after)
      await after.stop()
    }
  }
}

async function differenceIn(
  script: Script,
  version: ProtocolVersion,
  target: RemoteTarget,
): Promise<string | undefined> {
  try {
    await runScript(script, version, 'whole', target)
    return undefined
  } catch (error) {
    return (error as Error).message
  } finally {
    await target.stop()
  }
}
