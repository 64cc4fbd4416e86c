// SPDX-License-Identifier: Apache-2.0
import type { Auth } from '../codec/auth.ts'
import type { Connack } from '../codec/connack.ts'
import type { Connect, Will } from '../codec/connect.ts'
import type { Disconnect } from '../codec/disconnect.ts'
import type { Packet } from '../codec/packet.ts'
import type { Publish } from '../codec/publish.ts'
import type { Properties, UserProperty } from '../codec/property.ts'
import type { ReasonCode } from '../codec/reason-code.ts'
import type { Subscribe } from '../codec/subscribe.ts'
import type { Authorizer } from './authorizer.ts'
import type { Broker } from './broker.ts'
import type { CloseReason } from './close-reason.ts'
import type { Connection } from './connection.ts'

// What the broker asks of extensions, in its own words. Every question is answered once, by calling back: at once, where no
// extension takes its time, so that nothing of this needs a promise.

export interface ExtensionHooks {
  /** The broker is there: services of extensions reach it. Called once, before the first link. */
  attach(broker: Broker): void
  /** Somebody may know what to do with an Authentication Method. */
  readonly knowsMethods: boolean
  /** A client has sent CONNECT. */
  connecting(connection: Connection): ClientHooks
}

/** Extensions as one connection sees them. */
export interface ClientHooks {
  /** Whether any extension wants to see each PUBLISH, or SUBSCRIBE, before it counts. */
  readonly examinesPublish: boolean
  readonly examinesSubscribe: boolean
  /** Whether anybody wants to see CONNECT before it counts. */
  readonly interceptsConnect: boolean
  /** Null: it must not go on. */
  interceptConnect(connect: Connect, answer: (connect: Connect | null) => void): void
  /** Whether anybody wants to see the CONNACK that lets a client in. One that refuses is a packet like others. */
  readonly interceptsConnack: boolean
  /** Null: it must not go on. */
  interceptConnack(connack: Connack, answer: (connack: Connack | null) => void): void
  /** Packets of the types in `Connection.interceptedTypes`, and of those in `InterceptedLink.types`. */
  interceptInbound(packet: Packet, answer: (verdict: InterceptionVerdict) => void): void
  interceptOutbound(packet: Packet, answer: (verdict: InterceptionVerdict) => void): void
  authenticate(connect: Connect, answer: (verdict: AuthenticationVerdict) => void): void
  /** The client has answered a challenge. */
  continueAuthentication(auth: Auth, answer: (verdict: AuthenticationVerdict) => void): void
  /** A client that is connected wants to authenticate anew. */
  reauthenticate(auth: Auth, answer: (verdict: AuthenticationVerdict) => void): void
  authorizeWill(will: Will, answer: (verdict: PublishVerdict) => void): void
  authorizePublish(publish: Publish, answer: (verdict: PublishVerdict) => void): void
  authorizeSubscribe(subscribe: Subscribe, answer: (verdict: SubscribeVerdict) => void): void
  /** The client and its will were let in. */
  authenticated(): void
  /** The client has its session and is about to be told, in a CONNACK that has been intercepted. True if extensions were there that may have changed what it may do. */
  initialize(): boolean
  /** The connection has ended: nobody waits for an answer any more. `packet` is the client's, if there was one. */
  ended(reason: CloseReason, packet: Disconnect | null): void
}

export interface Admission {
  /** Decides what no extension examines. */
  readonly authorizer: Authorizer
  /** Lower than what the client asks for, or Infinity. */
  readonly receiveMaximum: number
  /** Messages that may wait for the client; undefined: as configured, or, of a re-authentication, as it was. */
  readonly queueLimit?: number | undefined
  /** For CONNACK, or the AUTH that ends a re-authentication. */
  readonly userProperties: UserProperty[]
  readonly authenticationData?: Uint8Array | undefined
}

export interface AuthenticationRefusal {
  readonly refusal: CloseReason
  readonly userProperties: UserProperty[]
}

/** The client is asked for more. */
export interface AuthenticationChallenge {
  /** Of AUTH, but for the method. */
  readonly challenge: Properties
  /** How long the client may take. */
  readonly timeoutSec: number
}

export type AuthenticationVerdict = Admission | AuthenticationRefusal | AuthenticationChallenge

/** What has become of a packet; `prevented` is null where an extension has failed. */
export type InterceptionVerdict = Packet | { readonly prevented: PublishPrevention | null }

export interface PublishPrevention {
  readonly reasonCode: ReasonCode
  readonly text?: string
}

/** Null: permitted. Without an acknowledgement nothing but DISCONNECT tells the client. */
export type PublishVerdict = { readonly refusal: CloseReason; readonly isAcknowledged: boolean } | null

/** For each filter its refusal, or null; or why the whole connection has to end. */
export type SubscribeVerdict = readonly (CloseReason | null)[] | CloseReason
