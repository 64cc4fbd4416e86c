// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { CallbackOptions, ClientInformation, ConnectionInformation } from './callback.ts'
import type { ClientInterceptors } from './interceptors.ts'
import type { TopicPermission } from './topic-permission.ts'

/**
 * What a client may do, one list of all extensions. It may be changed at any time, and counts from the next packet on: also
 * after the callback that it was given to.
 */
export interface ModifiableDefaultPermissions {
  /** The first that applies decides. */
  readonly list: readonly TopicPermission[]
  /** What holds where none applies. Unless set: `deny` for a client that has any, `allow` for one that has none. */
  defaultBehaviour: 'allow' | 'deny'
  /** Whether they allow to subscribe to a topic filter; false for what is none. */
  maySubscribe(topicFilter: string, qos: QoS): boolean
  /** Behind all others. Throws a TypeError. */
  add(...permissions: readonly TopicPermission[]): void
  /** One of `list`, by itself and not by what it says. */
  remove(permission: TopicPermission): void
  clear(): void
}

/** One connection, for as long as it lasts. */
export interface ClientContext {
  readonly client: ClientInformation
  readonly connection: ConnectionInformation
  readonly defaultPermissions: ModifiableDefaultPermissions
  /**
   * From now on these see the client's packets, until they are disposed of; also if called later. Of one extension those that
   * were added first are asked first; the same object twice counts once. Throws a TypeError, and a RangeError above 100 of them.
   */
  intercept(interceptors: ClientInterceptors, options?: CallbackOptions): Disposable
}

/** Each extension has one; setting it again replaces it, for clients that connect from then on. */
export interface InitializerRegistry {
  /**
   * Called once for each connection, when the client was let in and has its session: after CONNACK has been intercepted,
   * and before it is sent. It must not be asynchronous. What it throws is logged, and the client is served without it. If a permission that it takes away was that
   * of the will, the client is refused after all.
   */
  setClientInitializer(initialize: (context: ClientContext) => void): void
}
