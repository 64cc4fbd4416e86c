// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { SubscriptionRequest } from '../codec/subscribe.ts'
import type { Recipient } from '../session/dispatch.ts'
import type { Ledger } from '../session/ledger.ts'
import type { QueueLimits } from '../session/message-queue.ts'
import type { Session, SessionSubscription } from '../session/session.ts'
import { SharedGroup } from '../session/shared-group.ts'
import { toRecipients } from '../topic/recipients.ts'
import { Subscription, type SubscriptionOptions } from '../topic/subscription.ts'
import { SubscriptionIndex } from '../topic/subscription-index.ts'
import { TopicCache, type CachedTopic } from '../topic/topic-cache.ts'
import type { TopicFilter } from '../topic/topic-filter.ts'

export type Topic = CachedTopic<Session | SharedGroup>

/** Who gets what: the index of all subscriptions, the shared groups, and the match of each topic that is in use. */
export class Subscriptions {
  readonly #index = new SubscriptionIndex<Session | SharedGroup>()
  readonly #groups = new Map<string, SharedGroup>()
  readonly #queueLimits: QueueLimits
  readonly #ledger: Ledger
  readonly #onGroupEnded: (group: SharedGroup) => void
  readonly #onDollarFilter: (filter: string, change: 1 | -1) => void
  readonly topics: TopicCache<Session | SharedGroup> = new TopicCache()

  constructor(
    queueLimits: QueueLimits,
    ledger: Ledger,
    onGroupEnded: (group: SharedGroup) => void,
    onDollarFilter: (filter: string, change: 1 | -1) => void,
  ) {
    this.#queueLimits = queueLimits
    this.#ledger = ledger
    this.#onGroupEnded = onGroupEnded
    this.#onDollarFilter = onDollarFilter
  }

  /** Subscriptions of all clients; a group counts as one. */
  get size(): number {
    return this.#index.size
  }

  /** Who gets messages of this topic. Matched when subscriptions have changed since the last time, else at hand. */
  recipientsOf(topic: Topic): readonly Recipient[] {
    if (topic.generation !== this.topics.generation) {
      const found: Recipient[] = []
      this.#index.match(topic.name, found)
      this.topics.setRecipients(topic, toRecipients(found))
    }
    return topic.recipients
  }

  /** What makes one client get messages of this topic, by itself or as the member of a group; null if nothing does. */
  subscriptionOf(session: Session, topicName: string): Subscription<Session> | null {
    let member: Subscription<Session> | null = null
    for (const recipient of this.recipientsOf(this.topicOf(topicName))) {
      const { subscriber } = recipient
      if (subscriber === session) return recipient as Subscription<Session>
      if (!subscriber.isSharedGroup) continue
      member ??= subscriber.members.find((candidate) => candidate.subscriber === session) ?? null
    }
    return member
  }

  /** The cached topic of a name that the broker itself publishes to. */
  topicOf(name: string): Topic {
    const bytes = Buffer.from(name)
    const hash = this.topics.hash(bytes, 0, bytes.length)
    return this.topics.find(hash, bytes, 0, bytes.length) ?? this.topics.add(hash, bytes, 0, bytes.length)
  }

  /**
   * Adds a subscription, or replaces the options of the same filter [MQTT-3.8.4-3], in place, so that
   * no message is lost meanwhile [MQTT-3.8.4-4]. True when it is new.
   */
  subscribe(session: Session, request: SubscriptionRequest, parsed: TopicFilter, identifier: number): boolean {
    const options = { ...request, qos: grantedQoS(request, parsed), identifier }
    const existing = session.subscriptions.get(request.topicFilter)
    if (existing !== undefined) {
      existing.subscription.replaceOptions(options)
      existing.group?.refresh()
      this.#changed(parsed)
      return false
    }
    const subscription = new Subscription<Session>(session, options)
    const group = parsed.shareName === null ? null : this.#groupOf(request.topicFilter, parsed)
    const entry: SessionSubscription = { topicFilter: request.topicFilter, subscription, parsed, group }
    session.subscriptions.set(request.topicFilter, entry)
    this.#count(1, request.topicFilter)
    if (group === null) {
      this.#insert(parsed, subscription)
    } else {
      group.join(subscription)
      session.groups.push(entry)
    }
    return true
  }

  /**
   * False when there was no such subscription. Filters are compared character by character [MQTT-3.10.4-1]
   * [MQTT4-3.10.4-1].
   */
  unsubscribe(session: Session, topicFilter: string): boolean {
    const entry = session.subscriptions.get(topicFilter)
    if (entry === undefined) return false
    session.subscriptions.delete(topicFilter)
    this.#count(-1, topicFilter)
    const { parsed, subscription, group } = entry
    if (group === null) {
      this.#remove(parsed, subscription)
      return true
    }
    session.groups.splice(session.groups.indexOf(entry), 1)
    group.leave(subscription)
    if (group.members.length === 0) this.#endGroup(group)
    return true
  }

  /** A group by its `$share/<name>/<filter>`. */
  group(key: string): SharedGroup | undefined {
    return this.#groups.get(key)
  }

  groups(): Iterable<SharedGroup> {
    return this.#groups.values()
  }

  #groupOf(key: string, parsed: TopicFilter): SharedGroup {
    const existing = this.#groups.get(key)
    if (existing !== undefined) return existing
    const group = new SharedGroup(key, parsed, this.#queueLimits, this.#ledger)
    this.#groups.set(key, group)
    this.#insert(parsed, group.subscription)
    return group
  }

  #count(change: 1 | -1, topicFilter: string): void {
    const { metrics } = this.#ledger
    metrics.subscriptions += change
    metrics.subscriptionBytes += change * Buffer.byteLength(topicFilter)
  }

  /** With its last member a group goes, and its messages with it. */
  #endGroup(group: SharedGroup): void {
    this.#groups.delete(group.key)
    group.discard()
    const { parsed } = group
    this.#remove(parsed, group.subscription)
    this.#onGroupEnded(group)
  }

  #insert(parsed: TopicFilter, subscription: Recipient): void {
    this.#index.insert(parsed.filter, subscription)
    this.#changed(parsed)
    if (parsed.filter.startsWith('$')) this.#onDollarFilter(parsed.filter, 1)
  }

  #remove(parsed: TopicFilter, subscription: Recipient): void {
    this.#index.remove(parsed.filter, subscription)
    this.#changed(parsed)
    if (parsed.filter.startsWith('$')) this.#onDollarFilter(parsed.filter, -1)
  }

  /** A filter without wildcards changes the match of one topic, any other possibly that of all. */
  #changed(parsed: TopicFilter): void {
    if (parsed.hasWildcard) this.topics.invalidateAll()
    else this.topics.invalidate(parsed.filter)
  }
}

/**
 * What is asked for is granted, whatever the broker's own maximum [MQTT-3.2.2-10]; of shared subscriptions at most 1, as in
 * HiveMQ: with QoS 2 a message would be tied to a member that is lost [MQTT-4.8.2-4] [MQTT-4.8.2-5].
 */
export function grantedQoS(request: SubscriptionRequest, parsed: TopicFilter): QoS {
  return parsed.shareName !== null && request.qos === 2 ? 1 : request.qos
}

/** The options of a subscription as the store keeps them. */
export function optionsOf(entry: SessionSubscription): SubscriptionOptions {
  const { qos, noLocal, retainAsPublished, identifiers } = entry.subscription
  return { qos, noLocal, retainAsPublished, identifier: identifiers[0] ?? 0 }
}
