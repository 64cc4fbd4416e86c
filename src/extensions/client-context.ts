// SPDX-License-Identifier: Apache-2.0
import type { Permissions } from '../broker/permissions.ts'
import type { CallbackOptions, ClientInformation, ConnectionInformation } from '../extension-sdk/callback.ts'
import type { ClientContext, ModifiableDefaultPermissions } from '../extension-sdk/client-context.ts'
import type { ClientInterceptors } from '../extension-sdk/interceptors.ts'
import type { TopicPermission } from '../extension-sdk/topic-permission.ts'
import type { ClientFacts } from './client-event.ts'
import type { InterceptorList } from './client-interceptors.ts'
import type { RunningExtension } from './running-extension.ts'

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
  readonly #extension: RunningExtension
  readonly #interceptors: InterceptorList

  constructor(
    extension: RunningExtension,
    { client, connection }: ClientFacts,
    defaultPermissions: ModifiableDefaultPermissions,
    interceptors: InterceptorList,
  ) {
    this.#extension = extension
    this.client = client
    this.connection = connection
    this.defaultPermissions = defaultPermissions
    this.#interceptors = interceptors
  }

  intercept(interceptors: ClientInterceptors, options: CallbackOptions = {}): Disposable {
    return this.#interceptors.add(this.#extension.interceptorsOf(interceptors, options))
  }
}
