// SPDX-License-Identifier: Apache-2.0
import type { ListenerInfo } from '../broker/peer.ts'
import type { Listener } from '../extension-sdk/callback.ts'
import type { AdminService, Problem, ServerInformation } from '../extension-sdk/services.ts'

export interface AdminParts {
  readonly version: string
  readonly folders: {
    readonly home: string
    readonly data: string
    readonly log: string
    readonly extensions: string
  }
  /** Those that are bound now. */
  readonly listeners: () => readonly ListenerInfo[]
  /** What keeps the broker from doing all of its work now. */
  readonly problems: () => readonly Problem[]
}

/** What extensions are told about the broker as a whole. */
export class Admin implements AdminService {
  stage: 'starting' | 'started' | 'stopping' = 'starting'
  readonly edition = 'community'
  readonly server: ServerInformation
  readonly #parts: AdminParts

  constructor(parts: AdminParts) {
    const { version, folders, listeners } = parts
    this.#parts = parts
    this.server = {
      version,
      homeFolder: folders.home,
      dataFolder: folders.data,
      logFolder: folders.log,
      extensionsFolder: folders.extensions,
      get listeners() {
        return listeners().map(toListener)
      },
    }
  }

  problems(): readonly Problem[] {
    return this.#parts.problems()
  }
}

export function toListener({ name, kind, bindAddress, port }: ListenerInfo): Listener {
  return { name, type: kind, bindAddress, port }
}
