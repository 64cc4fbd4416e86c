// SPDX-License-Identifier: Apache-2.0
import type { ReasonCode } from '../codec/reason-code.ts'
import type { UserProperty } from '../codec/property.ts'
import type { Awaitable, ClientEvent } from './callback.ts'
import type { PublishPacket, Subscription } from './packets.ts'

/**
 * `next` leaves it to the next authorizer, at last to the client's permissions. `deny` refuses: a PUBLISH is answered with the
 * code in PUBACK or PUBREC, and the connection ends; a subscription is answered in SUBACK. `disconnect` ends the connection
 * without an acknowledgement.
 */
export type AuthorizationDecision =
  | { readonly outcome: 'allow' }
  | { readonly outcome: 'next' }
  | { readonly outcome: 'deny' | 'disconnect'; readonly reasonCode?: ReasonCode; readonly reasonString?: string }

export interface PublishEvent extends ClientEvent {
  readonly publish: PublishPacket
  /** It is the will of a client that connects. */
  readonly isWill: boolean
}

export interface SubscribeEvent extends ClientEvent {
  readonly subscription: Subscription
  readonly subscriptionIdentifier: number | undefined
  /** Of the whole SUBSCRIBE. */
  readonly userProperties: readonly UserProperty[]
}

/**
 * Decides about each PUBLISH, or each filter of a SUBSCRIBE, or both. While it thinks, later packets of this client wait, so
 * that their order is kept; other clients do not. What it throws counts as `next`; if then nobody decides, as `deny`.
 */
export interface Authorizer {
  authorizePublish?(event: PublishEvent): Awaitable<AuthorizationDecision>
  authorizeSubscribe?(event: SubscribeEvent): Awaitable<AuthorizationDecision>
}
