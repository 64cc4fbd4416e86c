// SPDX-License-Identifier: Apache-2.0
import type { Broker } from '../broker/broker.ts'
import { checkRequest, subscribe, unsubscribe } from '../broker/subscription-changes.ts'
import { Fault } from '../codec/fault.ts'
import type { SubscriptionRequest } from '../codec/subscribe.ts'
import { InvalidTopicError, NoSuchClientError } from '../extension-sdk/errors.ts'
import type {
  ClientSubscriptions,
  GrantedSubscription,
  SubscriberOptions,
  SubscriptionStore,
  SubscriptionType,
  TopicSubscription,
} from '../extension-sdk/subscription-store.ts'
import type { Session } from '../session/session.ts'
import { parseTopicFilter, type TopicFilter } from '../topic/topic-filter.ts'
import type { BrokerAccess } from './broker-access.ts'
import { expectValue, type TextLimits, toBoolean, toInteger, toQoS, toText, toTopicName } from './given-values.ts'
import { paced } from './turns.ts'

const MAX_IDENTIFIER = 268_435_455

interface Wish {
  readonly request: SubscriptionRequest
  readonly parsed: TopicFilter
  readonly identifier: number
}

export function subscriptionStoreOf(access: BrokerAccess): SubscriptionStore {
  return {
    add: (clientId, ...subscriptions) =>
      access.change((broker) => {
        const session = sessionOf(broker, clientId)
        // All are looked at before the first one counts.
        const wishes = subscriptions.map((subscription) => toWish(broker, subscription))
        for (const { request, parsed, identifier } of wishes) subscribe(broker, session, request, parsed, identifier)
      }),
    remove: (clientId, ...topicFilters) =>
      access.change((broker) => {
        const session = sessionOf(broker, clientId)
        for (const topicFilter of topicFilters) toTopicFilter(topicFilter, limitsOf(broker))
        for (const topicFilter of topicFilters) unsubscribe(broker, session, topicFilter)
      }),
    get: (clientId) =>
      access.read(({ sessions }) => {
        const session = sessions.get(clientId)
        return session === undefined ? [] : granted(session)
      }),
    subscribersForTopic: (topicName, options = {}) => forTopic(access, topicName, options),
    subscribersWithFilter: (topicFilter, options = {}) => withFilter(access, topicFilter, options),
    iterate: ({ signal } = {}) => iterate(access, signal),
  }
}

async function* forTopic(
  access: BrokerAccess,
  given: string,
  { type = 'all', signal }: SubscriberOptions,
): AsyncGenerator<string> {
  const clientIds = await access.read((broker) => {
    const { subscriptions } = broker
    const found = new Set<string>()
    for (const { subscriber } of subscriptions.recipientsOf(
      subscriptions.topicOf(toTopicName(given, limitsOf(broker))),
    )) {
      if (!isWanted(type, subscriber.isSharedGroup)) continue
      if (!subscriber.isSharedGroup) found.add(subscriber.clientId)
      else for (const member of subscriber.members) found.add(member.subscriber.clientId)
    }
    return found
  })
  yield* paced(clientIds, signal)
}

async function* withFilter(
  access: BrokerAccess,
  given: string,
  { type = 'all', signal }: SubscriberOptions,
): AsyncGenerator<string> {
  const { sessions, topicFilter } = await access.read((broker) => {
    return { sessions: broker.sessions.all(), topicFilter: toTopicFilter(given, limitsOf(broker)) }
  })
  for await (const { clientId, subscriptions } of paced(sessions, signal)) {
    const has = subscriptions
      .values()
      .some(({ parsed, group }) => parsed.filter === topicFilter && isWanted(type, group !== null))
    if (has) yield clientId
  }
}

async function* iterate(access: BrokerAccess, signal: AbortSignal | undefined): AsyncGenerator<ClientSubscriptions> {
  const sessions = await access.read((broker) => broker.sessions.all())
  for await (const session of paced(sessions, signal)) {
    if (session.subscriptions.size > 0) yield { clientId: session.clientId, subscriptions: granted(session) }
  }
}

function isWanted(type: SubscriptionType, isShared: boolean): boolean {
  return type === 'all' || (type === 'shared') === isShared
}

function granted({ subscriptions }: Session): GrantedSubscription[] {
  return Array.from(subscriptions.values(), ({ topicFilter, subscription }) => {
    const { qos, noLocal, retainAsPublished, identifiers } = subscription
    return { topicFilter, qos, noLocal, retainAsPublished, subscriptionIdentifier: identifiers[0] }
  })
}

function sessionOf({ sessions }: Broker, clientId: string): Session {
  const session = sessions.get(clientId)
  if (session === undefined) throw new NoSuchClientError(clientId)
  return session
}

function limitsOf({ limits, settings }: Broker): TextLimits {
  return { isUtf8Strict: limits.isUtf8Strict, maxTopicLength: settings.maxTopicLength }
}

function toTopicFilter(given: unknown, limits: TextLimits): string {
  const topicFilter = toText('topicFilter', given, limits)
  if (parseTopicFilter(topicFilter) === null) throw new InvalidTopicError(topicFilter, 'not a topic filter')
  return topicFilter
}

function toWish(broker: Broker, given: TopicSubscription): Wish {
  expectValue(typeof given === 'object' && given !== null, 'subscription', given, 'an object')
  const request: SubscriptionRequest = {
    topicFilter: toText('topicFilter', given.topicFilter, limitsOf(broker)),
    qos: toQoS(given.qos ?? 0),
    noLocal: toBoolean('noLocal', given.noLocal ?? false),
    retainAsPublished: toBoolean('retainAsPublished', given.retainAsPublished ?? false),
    retainHandling: 2,
  }
  const parsed = checkRequest(broker.settings, request)
  if (parsed instanceof Fault) throw new InvalidTopicError(request.topicFilter, parsed.text)
  const { subscriptionIdentifier } = given
  const identifier =
    subscriptionIdentifier === undefined
      ? 0
      : toInteger('subscriptionIdentifier', subscriptionIdentifier, 1, MAX_IDENTIFIER)
  const mayHave = identifier === 0 || broker.settings.subscriptionIdentifierEnabled
  expectValue(mayHave, 'subscriptionIdentifier', identifier, 'none: they are switched off')
  return { request, parsed, identifier }
}
