// SPDX-License-Identifier: Apache-2.0
import type { Permissions } from '../broker/permissions.ts'
import type { QoS } from '../codec/packet-type.ts'
import type { CallbackOptions, ClientInformation, ConnectionInformation } from '../extension-sdk/callback.ts'
import type { ClientContext, ModifiableDefaultPermissions } from '../extension-sdk/client-context.ts'
import type { ClientInterceptors } from '../extension-sdk/interceptors.ts'
import type { TopicPermission } from '../extension-sdk/topic-permission.ts'
import { parseTopicFilter } from '../topic/topic-filter.ts'
import type { ClientFacts } from './client-event.ts'
import type { InterceptorList } from './client-interceptors.ts'
import type { RunningExtension } from './running-extension.ts'

/** The permissions of a client as one extension changes them. */
export class DefaultPermissions implements ModifiableDefaultPermissions {
  readonly #permissions: Permissions
  readonly #extension: RunningExtension
  readonly #onChanged: () => void
  readonly #added: TopicPermission[] = []

  constructor(permissions: Permissions, extension: RunningExtension, onChanged: () => void) {
    this.#permissions = permissions
    this.#extension = extension
    this.#onChanged = onChanged
  }

  get list(): readonly TopicPermission[] {
    return this.#permissions.list
  }

  get defaultBehaviour(): 'allow' | 'deny' {
    return this.#permissions.isAllowedByDefault ? 'allow' : 'deny'
  }

  set defaultBehaviour(behaviour: 'allow' | 'deny') {
    this.#change(() => this.#permissions.setDefaultBehaviour(behaviour))
  }

  add(...permissions: readonly TopicPermission[]): void {
    this.#change(() => {
      for (const permission of permissions) {
        this.#permissions.add(permission)
        this.#added.push(permission)
      }
    })
  }

  maySubscribe(topicFilter: string, qos: QoS): boolean {
    const parsed = parseTopicFilter(topicFilter)
    return parsed !== null && this.#permissions.allowsSubscription(parsed, qos)
  }

  remove(permission: TopicPermission): void {
    this.#change(() => {
      this.#permissions.remove(permission)
      // Permissions that follow a file are given and removed for as long as the client is there.
      const index = this.#added.indexOf(permission)
      if (index >= 0) this.#added.splice(index, 1)
    })
  }

  clear(): void {
    this.#change(() => {
      this.#permissions.clear()
      this.#added.length = 0
    })
  }

  /** The next generation of the extension gives its own. */
  takeBack(): void {
    for (const permission of this.#added) this.#permissions.remove(permission)
  }

  #change(change: () => void): void {
    if (this.#extension.signal.aborted) throw new Error('The extension is stopped: it cannot change permissions')
    change()
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
