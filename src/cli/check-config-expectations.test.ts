// SPDX-License-Identifier: Apache-2.0
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

// The outputs were read one by one: would an operator understand at once? `vitest -u` writes them anew; read them again then.

const FOLDER = join(import.meta.dirname, '../../test/compat/config')
const HOME = '/opt/hivemq'

/** What check-config says of a file, as if it stood in the usual place. */
async function check(file: string): Promise<string> {
  let output = ''
  const exitCode = await runCommand(['check-config', '--without-stores', file], {
    environment: { HIVEMQ_HOME: HOME },
    defaultHome: HOME,
    workingFolder: FOLDER,
    write: (text) => void (output += text),
    writeError: (text) => void (output += text),
  })
  const report = output
    .replaceAll(join(FOLDER, file), `${HOME}/conf/config.xml`)
    .replaceAll(basename(file), 'config.xml')
  // A setting that is added would be in all of them.
  const brief = report
    .replaceAll(/^ .*\(default\)\n/gm, '')
    .replace('the broker starts, with\n', '$&  … defaults, and\n')
  return `${brief}exit code ${exitCode}\n`
}

function filesOf(folder: string): string[] {
  return globSync(`${folder}/*.xml`, { cwd: FOLDER }).toSorted()
}

describe('what check-config says', () => {
  it.each([...filesOf('umh'), ...filesOf('hivemq')])('of %s, which starts', async (file) => {
    const output = await check(file)
    expect(output).toMatch(/exit code 0\n$/)
    await expect(output).toMatchFileSnapshot(join(FOLDER, file.replace('.xml', '.txt')))
  })

  it.each(filesOf('broken'))('of %s', async (file) => {
    await expect(await check(file)).toMatchFileSnapshot(join(FOLDER, file.replace('.xml', '.txt')))
  })
})
