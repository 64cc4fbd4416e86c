// SPDX-License-Identifier: Apache-2.0
import { toRecipients } from '../../src/topic/recipients.ts'
import { type Subscriber, Subscription } from '../../src/topic/subscription.ts'
import { SubscriptionIndex } from '../../src/topic/subscription-index.ts'
import { type CachedTopic, TopicCache } from '../../src/topic/topic-cache.ts'
import { divided, millisOf, timeOperation, type Timing, toTiming } from './measure.ts'
import { filterOf, topicOf } from './site.ts'

// Run by main.ts in a process of its own, with --expose-gc: the heap is to hold nothing else. Prints one line of JSON.

const SUBSCRIPTIONS = 1_000_000
const SUBSCRIBERS = 10_000
/** Topics in use at the same time: all of what is kept of them is in the processor's caches, or little of it. */
const FEW_TOPICS = 100
const MANY_TOPICS = 10_000
const BATCHES = 15
const NEW_TOPICS_PER_BATCH = 20_000

export interface MatchResult {
  readonly subscriptions: number
  readonly bytesPerSubscription: number
  /** With few topics in use, and with many. */
  readonly cachedOfFew: Timing
  readonly cachedOfMany: Timing
  /** How many of the many are in the cache after all of them were matched once. */
  readonly cachedShare: number
  readonly fresh: Timing
  readonly recipientsPerTopic: number
}

const index = new SubscriptionIndex<Subscriber>()
const cache = new TopicCache<Subscriber>()

/**
 * Counted: the Subscription objects, the table of filters with its entries, and the shapes. Not counted, for it is there
 * anyway: the filters as strings (a session keeps them as the client wrote them), the subscribers, and the session's own list
 * of its subscriptions.
 */
function fillIndex(): number {
  const subscribers = Array.from({ length: SUBSCRIBERS }, (): Subscriber => ({
    isSharedGroup: false,
    matchStamp: 0,
    matchIndex: 0,
  }))
  const filters = Array.from({ length: SUBSCRIPTIONS }, (_, i) => filterOf(i))
  const options = { qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 } as const
  const before = usedBytes()
  for (const [i, filter] of filters.entries()) {
    index.insert(filter, new Subscription(subscribers[i % SUBSCRIBERS]!, options))
  }
  const bytes = usedBytes() - before
  // Both must live until now, or their end would count as memory that the index gave back.
  return filters.length > 0 && subscribers.length > 0 ? bytes : 0
}

function usedBytes(): number {
  // The second collects what the first has finalised.
  globalThis.gc!()
  globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What the broker does with the topic of a PUBLISH: the recipients, from the cache if they are there. */
function recipientsOf(buffer: Buffer, start: number, end: number): readonly Subscription[] {
  const hash = cache.hash(buffer, start, end)
  const topic = cache.find(hash, buffer, start, end) ?? cache.add(hash, buffer, start, end)
  if (topic.generation !== cache.generation) matchTopic(topic)
  return topic.recipients
}

function matchTopic(topic: CachedTopic<Subscriber>): void {
  const found: Subscription[] = []
  index.match(topic.name, found)
  cache.setRecipients(topic, toRecipients(found))
}

function isCached(topic: Buffer): boolean {
  return cache.find(cache.hash(topic, 0, topic.length), topic, 0, topic.length) !== null
}

interface PackedTopics {
  readonly buffer: Buffer
  readonly ends: Uint32Array
}

/** Topics one behind the other in a buffer, as packets bring them. */
function packed(first: number, count: number, isWanted: (topic: Buffer) => boolean = () => true): PackedTopics {
  const topics = Array.from({ length: count }, (_, i) => Buffer.from(topicOf(first + i))).filter(isWanted)
  let end = 0
  return { buffer: Buffer.concat(topics), ends: Uint32Array.from(topics, (topic) => (end += topic.length)) }
}

function matchAll({ buffer, ends }: PackedTopics): number {
  let recipients = 0
  let start = 0
  for (const end of ends) {
    recipients += recipientsOf(buffer, start, end).length
    start = end
  }
  return recipients
}

function measure(): MatchResult {
  const bytes = fillIndex()
  const samples: number[] = []
  let recipients = 0
  // The first batches only warm up: compiling is no part of the answer.
  for (let batch = -2; batch < BATCHES; batch++) {
    const topics = packed((batch + 2) * NEW_TOPICS_PER_BATCH, NEW_TOPICS_PER_BATCH)
    let found = 0
    const tookMs = millisOf(() => (found = matchAll(topics)))
    if (batch < 0) continue
    samples.push(tookMs / NEW_TOPICS_PER_BATCH)
    recipients += found
  }
  const many = timeCached(MANY_TOPICS)
  return {
    subscriptions: index.size,
    bytesPerSubscription: bytes / SUBSCRIPTIONS,
    cachedOfFew: timeCached(FEW_TOPICS).timing,
    cachedOfMany: many.timing,
    cachedShare: many.topics / MANY_TOPICS,
    fresh: toTiming(samples),
    recipientsPerTopic: recipients / (BATCHES * NEW_TOPICS_PER_BATCH),
  }
}

/** Matches so many topics, and then again and again those of them that the cache kept. */
function timeCached(topics: number): { readonly timing: Timing; readonly topics: number } {
  cache.clear()
  matchAll(packed(0, topics))
  const kept = packed(0, topics, isCached)
  const timing = timeOperation((count) => {
    let recipients = 0
    for (let i = 0; i < count; i++) recipients += matchAll(kept)
    return recipients
  })
  return { timing: divided(timing, kept.ends.length), topics: kept.ends.length }
}

console.log(JSON.stringify(measure()))
