// SPDX-License-Identifier: Apache-2.0
import type { ReasonCode } from '../codec/reason-code.ts'
import type { UserProperty } from '../codec/property.ts'
import type { Awaitable, CallbackOptions, ClientEvent } from './callback.ts'
import type { ConnectEvent } from './authenticator.ts'
import type { PerClient } from './security-registry.ts'

export interface DisconnectEvent extends ClientEvent {
  /**
   * `authentication-failed`: CONNECT was refused, for whatever reason. `connection-lost`: it ended without DISCONNECT. `client`
   * and `server`: one of them has ended it.
   */
  readonly kind: 'authentication-failed' | 'connection-lost' | 'client' | 'server'
  /** Of the client's DISCONNECT (MQTT 5), or for which the broker ended it; undefined for a connection that was lost. */
  readonly reasonCode: ReasonCode | undefined
  readonly reasonString: string | undefined
  /** Of the client's DISCONNECT. */
  readonly userProperties: readonly UserProperty[]
}

/**
 * Hears of each connection whose CONNECT was well-formed and allowed by the configuration. The broker waits for none of this.
 * Callbacks of one client never overlap, so they come in this order, and what an extension does in one of them is done first.
 */
export interface ClientLifecycleListener {
  /** Before anybody is asked whether the client may connect. */
  onMqttConnectionStart?(event: ConnectEvent): Awaitable<void>
  /** The client and its will were let in. CONNACK has not been sent yet. */
  onAuthenticationSuccessful?(event: ClientEvent): Awaitable<void>
  /** The connection has ended; once for each. */
  onDisconnect?(event: DisconnectEvent): Awaitable<void>
}

/** Each extension has one listener; setting it again replaces it, for clients that connect from then on. */
export interface EventRegistry {
  /** The function is asked once for each connection. */
  setClientLifecycleListener(listener: PerClient<ClientLifecycleListener>, options?: CallbackOptions): void
}
