// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Complaint, formatComplaint } from '../config/complaint.ts'
import { type EffectiveSetting, formatEffectiveSetting, formatOrigin } from '../config/effective-setting.ts'
import { resolveFolders } from '../config/folders.ts'
import type { ConfigReading } from '../config/parse-config.ts'
import { readConfigFile } from '../config/read-config.ts'
import { checkKeyStores } from './check-key-stores.ts'
import type { CommandContext } from './command-context.ts'

/** For a file that is looked at where its key stores and certificates are not: in a repository, by a pipeline. */
export const WITHOUT_STORES = '--without-stores'

const MAX_LINE = Number.MAX_SAFE_INTEGER
const LABELS = { error: 'ERROR', warning: 'WARN ', info: 'INFO ' } as const

/** A config.xml, and the home folder that files in it count from. */
interface Target {
  readonly file: string
  readonly home: string
}

/** Says of a configuration what the broker would say at its start, and what it would run with; 1 if it would not start. */
export async function checkConfig(args: readonly string[], context: CommandContext): Promise<number> {
  const target = args.find((arg) => arg !== WITHOUT_STORES)
  const found = await findConfig(target, context)
  if (found === null) {
    context.write(
      `ERROR ${target}: found no config.xml, expected one, or a folder with config.xml or conf/config.xml\n`,
    )
    return 1
  }
  const reading = await readConfigFile(found.file, found.home, context.environment)
  const ofStores = args.includes(WITHOUT_STORES) ? [] : await checkKeyStores(reading)
  const complaints = [...reading.complaints, ...ofStores].toSorted(byPlace)
  context.write(report({ ...reading, complaints, config: ofStores.some(isError) ? null : reading.config }))
  return complaints.some(isError) ? 1 : 0
}

function isError({ severity }: Complaint): boolean {
  return severity === 'error'
}

/** What is about the whole file comes last. */
function byPlace(a: Complaint, b: Complaint): number {
  return (a.line || MAX_LINE) - (b.line || MAX_LINE) || a.column - b.column
}

/** Null where an argument leads to no file. */
async function findConfig(target: string | undefined, context: CommandContext): Promise<Target | null> {
  const folders = resolveFolders(context.environment, context.defaultHome)
  if (target === undefined) return { file: join(folders.config, 'config.xml'), home: folders.home }
  const path = resolve(context.workingFolder, target)
  const candidates = [path, join(path, 'config.xml'), join(path, 'conf', 'config.xml')]
  for (const file of candidates) {
    if (!(await isFile(file))) continue
    // It usually stands in the folder conf of the home.
    const home = context.environment['HIVEMQ_HOME'] ? folders.home : dirname(dirname(file))
    return { file, home }
  }
  return null
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

function report({ file, config, complaints, effective }: ConfigReading): string {
  const lines = complaints.map((complaint) => `${LABELS[complaint.severity]} ${formatComplaint(complaint)}`)
  if (lines.length > 0) lines.push('')
  if (config === null) lines.push(`${file}: the broker does not start`)
  else lines.push(`${file}: the broker starts, with`, ...settingLines(effective, file))
  return `${lines.join('\n')}\n`
}

function settingLines(effective: readonly EffectiveSetting[], file: string): string[] {
  return effective.map((setting) => `  ${formatEffectiveSetting(setting)}  (${formatOrigin(setting, file)})`)
}
