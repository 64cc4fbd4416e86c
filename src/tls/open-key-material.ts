// SPDX-License-Identifier: Apache-2.0
import type { KeyMaterial } from './key-material.ts'
import { loadKeyMaterial } from './load-key-material.ts'
import { TlsFault } from './tls-fault.ts'
import type { TlsSettings } from './tls-settings.ts'

/** What the files of a listener hold, as `readFiles` has read them; or everything that is wrong with any of them. */
export async function openKeyMaterial(
  settings: TlsSettings,
  files: ReadonlyMap<string, Buffer | TlsFault>,
): Promise<KeyMaterial | TlsFault[]> {
  const unreadable = [...files.values()].filter((file) => file instanceof TlsFault)
  const readable = [...files].filter((entry): entry is [string, Buffer] => !(entry[1] instanceof TlsFault))
  const answer = await loadKeyMaterial({ settings, files: new Map(readable) })
  const unusable = (answer.faults ?? []).map(({ path, reason, advice }) => new TlsFault(path, reason, advice))
  return answer.faults !== undefined || unreadable.length > 0 ? [...unreadable, ...unusable] : answer.material
}
