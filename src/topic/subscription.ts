// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'

/** Whoever can be a recipient of messages: a client's session, or a shared group. */
export interface Subscriber {
  /** A group passes each message to one of its members. */
  readonly isSharedGroup: boolean
  /**
   * Scratch of the matcher: the match that met this subscriber last, and where it stands in the result. It takes the
   * place of a map per match.
   */
  matchStamp: number
  matchIndex: number
}

export interface SubscriptionOptions {
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** Subscription Identifier; 0 for none. */
  readonly identifier: number
}

const NO_IDENTIFIERS: readonly number[] = []

/**
 * A subscriber's subscription to one filter, and at the same time what a match hands out: where several filters of one
 * subscriber match, a merged one that lives as long as the match result.
 */
export class Subscription<S extends Subscriber = Subscriber> {
  readonly subscriber: S
  qos!: QoS
  noLocal!: boolean
  retainAsPublished!: boolean
  /** In a merged one those of all parts that have one. */
  identifiers!: readonly number[]
  /** Place in the list of its filter; kept by the subscription index. */
  slot = -1
  /** What was merged; null for a single one. */
  readonly parts: readonly Subscription<S>[] | null

  constructor(subscriber: S, options: SubscriptionOptions, parts: readonly Subscription<S>[] | null = null) {
    this.subscriber = subscriber
    this.parts = parts
    this.replaceOptions(options)
  }

  /** A new SUBSCRIBE with the same filter replaces the options in place [MQTT-3.8.4-3] [MQTT4-3.8.4-3]. */
  replaceOptions(options: SubscriptionOptions): void {
    this.qos = options.qos
    this.noLocal = options.noLocal
    this.retainAsPublished = options.retainAsPublished
    this.identifiers = options.identifier === 0 ? NO_IDENTIFIERS : [options.identifier]
  }

  /**
   * One delivery for several matching subscriptions of one subscriber: the highest QoS [MQTT-3.3.4-2] [MQTT4-3.3.5-1], all
   * identifiers [MQTT-3.3.4-4], RETAIN kept if any asks for it.
   */
  static merge<S extends Subscriber>(parts: readonly Subscription<S>[]): Subscription<S> {
    let qos: QoS = 0
    for (const part of parts) if (part.qos > qos) qos = part.qos
    const noLocal = parts.some((part) => part.noLocal)
    const retainAsPublished = parts.some((part) => part.retainAsPublished)
    const merged = new Subscription(parts[0]!.subscriber, { qos, noLocal, retainAsPublished, identifier: 0 }, parts)
    merged.identifiers = parts.flatMap((part) => part.identifiers)
    return merged
  }
}

/**
 * What is left of a match for the client that published the message itself: the subscriptions without No Local
 * [MQTT-3.8.3-3]. Decided for each subscription on its own, not for all by one of them.
 */
export function withoutNoLocal<S extends Subscriber>(match: Subscription<S>): Subscription<S> | null {
  if (!match.noLocal) return match
  const rest = match.parts?.filter((part) => !part.noLocal) ?? []
  return rest.length === 0 ? null : Subscription.merge(rest)
}
