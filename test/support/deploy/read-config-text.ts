// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../../../src/config/environment.ts'
import type { ConfigReading } from '../../../src/config/parse-config.ts'
import { readConfig } from '../../../src/config/read-config.ts'

/** What the broker makes of the text of a config.xml. */
export async function readConfigText(text: string, environment: Environment = {}): Promise<ConfigReading> {
  const home = await mkdtemp(join(tmpdir(), 'waggle-conf-'))
  try {
    await writeFile(join(home, 'config.xml'), text)
    return await readConfig({ config: home, home }, environment)
  } finally {
    await rm(home, { recursive: true })
  }
}
