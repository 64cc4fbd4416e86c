// SPDX-License-Identifier: Apache-2.0
import type { ReasonCode } from '../codec/reason-code.ts'
import type { UserProperty } from '../codec/property.ts'
import type { Awaitable, ClientEvent } from './callback.ts'
import type { ConnectPacket } from './packets.ts'
import type { TopicPermission } from './topic-permission.ts'

/** The client may connect. No later authenticator is asked. */
export interface AuthenticationSuccess {
  readonly outcome: 'success'
  /** Added to what authenticators before it gave. */
  readonly permissions?: readonly TopicPermission[]
  /** What holds where no permission applies. Unless set: `deny` for a client that has any, `allow` for one that has none. */
  readonly defaultBehaviour?: 'allow' | 'deny'
  readonly clientSettings?: ClientSettings
  /** Go into CONNACK (MQTT 5). */
  readonly userProperties?: readonly UserProperty[]
}

export interface ClientSettings {
  /** Messages with QoS 1 and 2 that may be on their way to the client unacknowledged; below what the client takes. */
  readonly receiveMaximum?: number
}

/** The client is refused. No later authenticator is asked. */
export interface AuthenticationFailure {
  readonly outcome: 'fail'
  /** An error code of CONNACK; NOT_AUTHORIZED unless set. MQTT 3 clients get the code of theirs that comes closest. */
  readonly reasonCode?: ReasonCode
  /** MQTT 5 clients are told. */
  readonly reasonString?: string
  readonly userProperties?: readonly UserProperty[]
}

/** The next authenticator decides. When all say so, the client is refused. */
export interface AuthenticationNext {
  readonly outcome: 'next'
  /** Kept, should a later authenticator let the client in. */
  readonly permissions?: readonly TopicPermission[]
}

export type AuthenticationDecision = AuthenticationSuccess | AuthenticationFailure | AuthenticationNext

export interface ConnectEvent extends ClientEvent {
  readonly connect: ConnectPacket
}

/** Decides about every CONNECT. What it throws refuses the client with UNSPECIFIED_ERROR. */
export interface SimpleAuthenticator {
  onConnect(event: ConnectEvent): Awaitable<AuthenticationDecision>
}
