// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'

export interface TopicSubscription {
  /** `$share/<group>/…` for a shared one. */
  readonly topicFilter: string
  /** 0 unless set. Of shared ones at most 1 is granted. */
  readonly qos?: QoS
  /** Messages that the client has published itself are left out. */
  readonly noLocal?: boolean
  readonly retainAsPublished?: boolean
  /** 1 to 268435455. */
  readonly subscriptionIdentifier?: number
}

/** As it is in force. */
export interface GrantedSubscription {
  readonly topicFilter: string
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly subscriptionIdentifier: number | undefined
}

export type SubscriptionType = 'all' | 'individual' | 'shared'

export interface SubscriberOptions {
  /** `all` unless set. */
  readonly type?: SubscriptionType
  readonly signal?: AbortSignal
}

/** Subscriptions of sessions, connected or not. The promises of changes resolve when they are on the disk. */
export interface SubscriptionStore {
  /**
   * Adds subscriptions, or replaces the options of those with the same filter: all or none. Retained messages are not sent.
   * Rejects with NoSuchClientError, InvalidTopicError or a TypeError.
   */
  add(clientId: string, ...subscriptions: readonly TopicSubscription[]): Promise<void>
  /** Filters that the client has not subscribed to are passed over. Rejects as `add` does. */
  remove(clientId: string, ...topicFilters: readonly string[]): Promise<void>
  /** Empty for a client without a session. */
  get(clientId: string): Promise<GrantedSubscription[]>
  /** Clients that get messages of this topic (shared: one of their group does), each once. */
  subscribersForTopic(topicName: string, options?: SubscriberOptions): AsyncIterable<string>
  /** Clients that have subscribed to exactly this filter, which is written without `$share/<group>/`, each once. */
  subscribersWithFilter(topicFilter: string, options?: SubscriberOptions): AsyncIterable<string>
  /** All clients that have subscriptions. */
  iterate(options?: { readonly signal?: AbortSignal }): AsyncIterable<ClientSubscriptions>
}

export interface ClientSubscriptions {
  readonly clientId: string
  readonly subscriptions: readonly GrantedSubscription[]
}
