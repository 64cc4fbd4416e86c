// SPDX-License-Identifier: Apache-2.0
import type { Fault } from '../codec/fault.ts'
import type { SubscriptionRequest } from '../codec/subscribe.ts'
import type { Session } from '../session/session.ts'
import { parseTopicFilter, type TopicFilter } from '../topic/topic-filter.ts'
import type { Broker } from './broker.ts'
import { CloseReasons } from './close-reason.ts'
import type { BrokerSettings } from './settings.ts'
import { optionsOf } from './subscriptions.ts'

// Subscriptions that come and go, by whoever asks for it: the client, or an extension.

/** The filter of a subscription taken apart, or what is wrong with it. */
export function checkRequest(settings: BrokerSettings, request: SubscriptionRequest): TopicFilter | Fault {
  if (request.topicFilter.length > settings.maxTopicLength) return CloseReasons.TOPIC_FILTER_TOO_LONG
  const parsed = parseTopicFilter(request.topicFilter)
  if (parsed === null) return CloseReasons.TOPIC_FILTER_INVALID
  // [MQTT4-3.8.3-2]
  if (parsed.hasWildcard && !settings.wildcardSubscriptionsEnabled) return CloseReasons.WILDCARDS_NOT_SUPPORTED
  if (parsed.shareName !== null) {
    if (!settings.sharedSubscriptionsEnabled) return CloseReasons.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    if (request.noLocal) return CloseReasons.NO_LOCAL_ON_SHARED // [MQTT-3.8.3-4]
  }
  return parsed
}

/** Adds a subscription, or replaces its options. True when it is new. */
export function subscribe(
  { subscriptions, store }: Broker,
  session: Session,
  request: SubscriptionRequest,
  parsed: TopicFilter,
  identifier: number,
): boolean {
  const isNew = subscriptions.subscribe(session, request, parsed, identifier)
  if (session.isStored) {
    const { topicFilter } = request
    const options = optionsOf(session.subscriptions.get(topicFilter)!)
    store.append({ type: 'subscribed', clientId: session.clientId, subscription: { topicFilter, ...options } })
  }
  return isNew
}

/** False when there was no such subscription. */
export function unsubscribe({ subscriptions, store }: Broker, session: Session, topicFilter: string): boolean {
  if (!subscriptions.unsubscribe(session, topicFilter)) return false
  if (session.isStored) store.append({ type: 'unsubscribed', clientId: session.clientId, topicFilter })
  return true
}
