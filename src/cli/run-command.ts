// SPDX-License-Identifier: Apache-2.0
import { checkConfig, WITHOUT_STORES } from './check-config.ts'
import type { CommandContext } from './command-context.ts'
import { explain, EXPLAIN_USAGE } from './explain.ts'
import { hashPassword } from './hash-password.ts'

/** As with many tools: 1 is an answer, 2 a call that makes no sense. */
const EXIT_USAGE = 2

const USAGE = `usage: waggle                              starts the broker
       waggle check-config [--without-stores] [FILE|FOLDER]
                                           checks a config.xml, or the one that the broker would read
       waggle hash-password -p PASSWORD    hashes a password for credentials.xml (--help tells more)
       ${EXPLAIN_USAGE}`

/** Runs the command that the arguments name and gives its exit code; null where there is none: then the broker starts. */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number | null> {
  const [name, ...rest] = args
  if (name === undefined) return null
  if (name === 'check-config' && isCheck(rest)) return checkConfig(rest, context)
  if (name === 'hash-password') return hashPassword(rest, context)
  if (name === 'explain') return explain(rest, context)
  context.write(USAGE)
  return name === '--help' ? 0 : EXIT_USAGE
}

/** At most one file, and no option but the one that there is. */
function isCheck(args: readonly string[]): boolean {
  const others = args.filter((arg) => arg !== WITHOUT_STORES)
  return others.length <= 1 && !others.some((arg) => arg.startsWith('--'))
}
