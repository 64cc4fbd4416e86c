// SPDX-License-Identifier: Apache-2.0
import type { Permissions } from '../broker/permissions.ts'
import type { ClientInformation, ConnectionInformation } from '../extension-sdk/callback.ts'
import type { ClientContext, ModifiableDefaultPermissions } from '../extension-sdk/client-context.ts'
import type { TopicPermission } from '../extension-sdk/topic-permission.ts'
import type { ClientFacts } from './client-event.ts'

/** The permissions of a client as extensions change them. */
export class DefaultPermissions implements ModifiableDefaultPermissions {
  readonly #permissions: Permissions
  readonly #onChanged: () => void

  constructor(permissions: Permissions, onChanged: () => void) {
    this.#permissions = permissions
    this.#onChanged = onChanged
  }

  get list(): readonly TopicPermission[] {
    return this.#permissions.list
  }

  get defaultBehaviour(): 'allow' | 'deny' {
    return this.#permissions.isAllowedByDefault ? 'allow' : 'deny'
  }

  set defaultBehaviour(behaviour: 'allow' | 'deny') {
    this.#permissions.setDefaultBehaviour(behaviour)
    this.#onChanged()
  }

  add(...permissions: readonly TopicPermission[]): void {
    for (const permission of permissions) this.#permissions.add(permission)
    this.#onChanged()
  }

  remove(permission: TopicPermission): void {
    this.#permissions.remove(permission)
    this.#onChanged()
  }

  clear(): void {
    this.#permissions.clear()
    this.#onChanged()
  }
}

/** A connection as one extension sees it. */
export class Context implements ClientContext {
  readonly client: ClientInformation
  readonly connection: ConnectionInformation
  readonly defaultPermissions: ModifiableDefaultPermissions

  constructor({ client, connection }: ClientFacts, defaultPermissions: ModifiableDefaultPermissions) {
    this.client = client
    this.connection = connection
    this.defaultPermissions = defaultPermissions
  }
}
