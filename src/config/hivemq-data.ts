// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises'

/** What HiveMQ keeps in its data folder beside temporary files. */
const NAMES: ReadonlySet<string> = new Set(['persistence', 'metadata', 'meta.id'])

/** What of HiveMQ is in a data folder. Waggle leaves it as it is, so that the way back stays open. */
export async function hivemqDataIn(dataFolder: string): Promise<string[]> {
  try {
    return (await readdir(dataFolder)).filter((name) => NAMES.has(name)).toSorted()
  } catch {
    return []
  }
}
