// SPDX-License-Identifier: Apache-2.0
import type { ReasonCode } from '../codec/reason-code.ts'
import type { UserProperty } from '../codec/property.ts'
import type { Awaitable, ClientEvent } from './callback.ts'
import type { AuthPacket, ConnectPacket } from './packets.ts'
import type { TopicPermission } from './topic-permission.ts'

/** The client may connect. No later authenticator is asked. */
export interface AuthenticationSuccess {
  readonly outcome: 'success'
  /**
   * Added to what authenticators before it gave. At re-authentication they take the place of all that the client had; without
   * any, that stays.
   */
  readonly permissions?: readonly TopicPermission[]
  /** What holds where no permission applies. Unless set: `deny` for a client that has any, `allow` for one that has none. */
  readonly defaultBehaviour?: 'allow' | 'deny'
  readonly clientSettings?: ClientSettings
  /**
   * `false` leaves the password in CONNECT for who has kept that; else its bytes are overwritten. They are too when the client
   * has to answer with AUTH first.
   */
  readonly clearPassword?: boolean
  /** Go into CONNACK (MQTT 5), or into the AUTH that ends a re-authentication. */
  readonly userProperties?: readonly UserProperty[]
  /** The same for these; only for clients that gave an Authentication Method. */
  readonly authenticationData?: Uint8Array
}

export interface ClientSettings {
  /** Messages with QoS 1 and 2 that may be on their way to the client unacknowledged; below what the client takes. */
  readonly receiveMaximum?: number
  /**
   * Messages with QoS 1 and 2 that may wait for the client, also while it is away, in place of what is configured. It counts
   * until the client connects the next time; what waits already stays.
   */
  readonly queueSizeMaximum?: number
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

/** The client has to answer with an AUTH packet first. Only for clients that gave an Authentication Method. */
export interface AuthenticationContinuation {
  readonly outcome: 'continue'
  /** These go into AUTH. */
  readonly authenticationData?: Uint8Array
  readonly reasonString?: string
  readonly userProperties?: readonly UserProperty[]
  /** How long the client may take: 30 seconds unless set. Then it is refused. */
  readonly timeoutSeconds?: number
}

export type EnhancedAuthenticationDecision = AuthenticationDecision | AuthenticationContinuation

export interface ConnectEvent extends ClientEvent {
  readonly connect: ConnectPacket
}

/** Decides about every CONNECT. What it throws refuses the client with UNSPECIFIED_ERROR. */
export interface SimpleAuthenticator {
  onConnect(event: ConnectEvent): Awaitable<AuthenticationDecision>
}

export interface AuthEvent extends ClientEvent {
  readonly auth: AuthPacket
  readonly isReAuthentication: boolean
}

/**
 * Decides about CONNECT in as many steps as it takes (SCRAM, Kerberos, a challenge), and about clients that authenticate anew
 * while they are connected. It is asked about every client, also those that gave no Authentication Method: `next` passes
 * them on. What it throws refuses the client with UNSPECIFIED_ERROR, or ends the connection of one that is there.
 */
export interface EnhancedAuthenticator {
  onConnect(event: ConnectEvent): Awaitable<EnhancedAuthenticationDecision>
  /** The client has answered `continue`. All enhanced authenticators are asked in turn until one decides. */
  onAuth(event: AuthEvent): Awaitable<EnhancedAuthenticationDecision>
  /** A client that is connected authenticates anew; `onAuth` unless there. Meanwhile it may do what it may already do. */
  onReAuth?(event: AuthEvent): Awaitable<EnhancedAuthenticationDecision>
}
