// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { ALL_VERSIONS, VERSION_NAMES } from '../../test/support/script/script.ts'

export interface Options {
  readonly host: string
  readonly port: number
  /** Names of files and rows; all when empty. */
  readonly only: readonly string[]
  readonly versions: readonly ProtocolVersion[]
  readonly reportFile: string | undefined
  readonly isHelpWanted: boolean
}

export const USAGE: string = `usage: npm run protocol -- [options]

Runs the protocol scripts against the broker at an address. It must allow everybody everything, and must hold nothing:
retained messages and the sessions of the clients of the scripts are removed after each of them.

  --host HOST            127.0.0.1
  --port PORT            1883
  --only NAME,...        files and rows: wills, wills.script, WI-03
  --versions NAME,...    of 3.1, 3.1.1, 3, 5 (all)
  --report FILE          writes what differs as Markdown
`

/** Throws with a text for the user. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '1883' },
      only: { type: 'string', default: '' },
      versions: { type: 'string', default: '' },
      report: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`--port: no port: ${values.port}`)
  const versions = listOf(values.versions).flatMap((name) => {
    const named = VERSION_NAMES[name]
    if (named === undefined) throw new Error(`--versions: no version: ${name}`)
    return named
  })
  return {
    host: values.host,
    port,
    only: listOf(values.only),
    versions: versions.length === 0 ? ALL_VERSIONS : versions,
    reportFile: values.report,
    isHelpWanted: values.help,
  }
}

function listOf(text: string): string[] {
  return text.split(',').filter((name) => name !== '')
}
