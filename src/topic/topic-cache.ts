// SPDX-License-Identifier: Apache-2.0
import { copyOf } from '../codec/packet-reader.ts'
import type { Subscriber, Subscription } from './subscription.ts'

// Publishers name the same topics again and again. The cache finds a topic by the bytes as they stand in the packet: no
// string is made, nothing is decoded, and that a topic is in the cache says that its bytes are a valid topic name.
//
// It is set-associative, like a processor's: a topic can only stand in one of the four places of its set. So it is bounded
// and needs no eviction list, and a client that chooses topics with equal hashes can only push out the topics of one set.

const WAYS = 4
const FIRST_SETS = 256
/** Grows up to 262 144 topics; a large site names some ten thousand. */
const MAX_SETS = 65_536
/** Recipients in all cached matches: 8 bytes each. Above it the cache starts anew. */
const MAX_CACHED_RECIPIENTS = 4_000_000
/**
 * Of all topics in it, which are there as text too: 128 each when it is full. Above it the cache starts anew: 65 535 that somebody
 * gives to each of his topics would be all of the memory soon.
 */
const MAX_CACHED_BYTES = 32 * 1024 * 1024

/** A topic that was published to, and who gets its messages. */
export class CachedTopic<S extends Subscriber> {
  readonly hash: number
  readonly bytes: Buffer
  readonly name: string
  /** The match is valid while this equals the cache's generation. */
  generation = -1
  recipients: readonly Subscription<S>[] = []

  constructor(hash: number, bytes: Buffer, name: string) {
    this.hash = hash
    this.bytes = bytes
    this.name = name
  }
}

export class TopicCache<S extends Subscriber> {
  #sets = FIRST_SETS
  #places: (CachedTopic<S> | null)[] = emptyPlaces(FIRST_SETS)
  /** Of the topics in those places: the topics of a set lie apart in memory, and most of them are not the one that is wanted. */
  #hashes = new Int32Array(FIRST_SETS * WAYS)
  #size = 0
  #cachedRecipients = 0
  #cachedBytes = 0
  #nextVictim = 0
  readonly #seed = (Math.random() * 2 ** 32) | 0
  /** Rises when a change of subscriptions makes all matches stale. */
  generation = 0

  get size(): number {
    return this.#size
  }

  /** The hash of a topic's bytes, for `find` and `add`. Seeded, so that collisions cannot be prepared. */
  hash(buffer: Uint8Array, start: number, end: number): number {
    let hash = this.#seed
    let i = start
    // Four bytes at a time: 39 ns for a topic of 60 bytes instead of 56.
    for (; i < end - 3; i += 4) {
      const word = buffer[i]! | (buffer[i + 1]! << 8) | (buffer[i + 2]! << 16) | (buffer[i + 3]! << 24)
      hash = Math.imul(hash ^ word, 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    for (; i < end; i++) hash = Math.imul(hash ^ buffer[i]!, 0x0100_0193)
    return hash ^ (hash >>> 13)
  }

  find(hash: number, buffer: Uint8Array, start: number, end: number): CachedTopic<S> | null {
    const first = (hash & (this.#sets - 1)) * WAYS
    for (let place = first; place < first + WAYS; place++) {
      if (this.#hashes[place] !== hash) continue
      const topic = this.#places[place]
      if (topic != null && isSame(topic.bytes, buffer, start, end)) return topic
    }
    return null
  }

  /** The topic that stands in the cache for one that was found before and may have been pushed out since. */
  current(topic: CachedTopic<S>): CachedTopic<S> {
    const { hash, bytes } = topic
    return this.find(hash, bytes, 0, bytes.length) ?? this.add(hash, bytes, 0, bytes.length)
  }

  /** Adds a topic that `find` did not find. Its bytes are copied. */
  add(hash: number, buffer: Buffer, start: number, end: number): CachedTopic<S> {
    // Not Buffer.from: it would hold on to 64 KiB that others use for a moment.
    const bytes = copyOf(buffer, start, end)
    const topic = new CachedTopic<S>(hash, bytes, bytes.toString())
    if (this.#cachedBytes + bytes.length > MAX_CACHED_BYTES) this.clear()
    this.#cachedBytes += bytes.length
    if (this.#place(topic)) return topic
    // A quarter full: by then one topic in 300 found its set taken.
    if (this.#size * 4 > this.#places.length && this.#sets < MAX_SETS) this.#grow()
    if (this.#place(topic)) return topic
    const victim = (hash & (this.#sets - 1)) * WAYS + (this.#nextVictim++ & (WAYS - 1))
    this.#cachedRecipients -= this.#places[victim]?.recipients.length ?? 0
    this.#cachedBytes -= this.#places[victim]?.bytes.length ?? 0
    this.#places[victim] = topic
    this.#hashes[victim] = hash
    return topic
  }

  /** Keeps a fresh match with its topic. */
  setRecipients(topic: CachedTopic<S>, recipients: readonly Subscription<S>[]): void {
    this.#cachedRecipients += recipients.length - topic.recipients.length
    topic.recipients = recipients
    topic.generation = this.generation
    if (this.#cachedRecipients > MAX_CACHED_RECIPIENTS) this.clear()
  }

  /** Makes the match of one topic stale: for filters without wildcards, which can match no other. */
  invalidate(topicName: string): void {
    const bytes = Buffer.from(topicName)
    const topic = this.find(this.hash(bytes, 0, bytes.length), bytes, 0, bytes.length)
    if (topic !== null) topic.generation = -1
  }

  /** Makes every match stale. */
  invalidateAll(): void {
    this.generation++
  }

  clear(): void {
    this.#sets = FIRST_SETS
    this.#places = emptyPlaces(FIRST_SETS)
    this.#hashes = new Int32Array(FIRST_SETS * WAYS)
    this.#size = 0
    this.#cachedRecipients = 0
    this.#cachedBytes = 0
  }

  #place(topic: CachedTopic<S>): boolean {
    const first = (topic.hash & (this.#sets - 1)) * WAYS
    for (let place = first; place < first + WAYS; place++) {
      if (this.#places[place] != null) continue
      this.#places[place] = topic
      this.#hashes[place] = topic.hash
      this.#size++
      return true
    }
    return false
  }

  #grow(): void {
    const old = this.#places
    this.#sets *= 2
    this.#places = emptyPlaces(this.#sets)
    this.#hashes = new Int32Array(this.#sets * WAYS)
    this.#size = 0
    // Twice the sets: every set splits in two, so all find a place.
    for (const topic of old) if (topic !== null) this.#place(topic)
  }
}

function emptyPlaces<S extends Subscriber>(sets: number): (CachedTopic<S> | null)[] {
  return new Array<CachedTopic<S> | null>(sets * WAYS).fill(null)
}

function isSame(bytes: Uint8Array, buffer: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (bytes.length !== length) return false
  let i = 0
  for (let at = start; i < length - 3; i += 4, at += 4) {
    const differs =
      (bytes[i]! ^ buffer[at]!) |
      (bytes[i + 1]! ^ buffer[at + 1]!) |
      (bytes[i + 2]! ^ buffer[at + 2]!) |
      (bytes[i + 3]! ^ buffer[at + 3]!)
    if (differs !== 0) return false
  }
  for (; i < length; i++) if (bytes[i] !== buffer[start + i]) return false
  return true
}
