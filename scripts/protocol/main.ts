// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs'
import { type Options, parseOptions, USAGE } from './options.ts'
import { describeOutcome, markdownReport, summary } from './report.ts'
import { type Outcome, runScripts, selectScripts } from './run.ts'

// The protocol scripts against any broker. Exit code 0 when nothing differs, 1 when something does, 2 when it cannot be run.

process.exitCode = await main()

async function main(): Promise<number> {
  let options: Options
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    return complain(`${(error as Error).message}\n\n${USAGE}`)
  }
  if (options.isHelpWanted) {
    console.log(USAGE)
    return 0
  }
  const scripts = selectScripts(options.only)
  if (scripts.length === 0) return complain(`no script is named ${options.only.join(', ')}`)
  const address = `${options.host}:${options.port}`
  const outcomes: Outcome[] = []
  try {
    for await (const outcome of runScripts(scripts, options)) {
      console.log(describeOutcome(outcome))
      outcomes.push(outcome)
    }
  } catch (error) {
    return complain(`cannot go on with the broker at ${address}: ${(error as Error).message}`)
  }
  console.log(`\n${summary(outcomes)}`)
  if (options.reportFile !== undefined) writeFileSync(options.reportFile, markdownReport(outcomes, address))
  return outcomes.some(({ result }) => result === 'differs') ? 1 : 0
}

function complain(text: string): number {
  console.error(text)
  return 2
}
