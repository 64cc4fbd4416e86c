// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { DropReason } from '../metrics/drop-reason.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from '../util/clock.ts'
import { Delivery } from './delivery.ts'
import type { DroppedMessage } from './dropped-message.ts'
import type { Message } from './message.ts'
import type { Publication } from './publication.ts'
import { QueueSizes } from './queue-sizes.ts'
import type { Session } from './session.ts'
import type { SharedGroup } from './shared-group.ts'

/** Who wants to hear of messages that are given up. */
export interface GivenUpListener {
  /** Where word of it goes, or null when nobody wants to hear of this one. */
  topicFor(reason: DropReason, topicName: string): string | null
  givenUp(topicName: string, message: Message, receiver: Session | SharedGroup, reason: DropReason): void
}

/** Keeps the books of deliveries: what the store must know of each, and what was given up for which reason. */
export class Ledger {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly queueSizes: QueueSizes = new QueueSizes()
  /** The clock's time when this turn's work began; reading the clock for each delivery showed in the profile. */
  now: number
  /** Null as long as nobody wants to hear of any. */
  givenUpListener: GivenUpListener | null = null
  /** Null as long as nobody listens. */
  dropListener: { messageDropped(dropped: DroppedMessage): void } | null = null
  readonly #store: Store

  constructor(store: Store, clock: Clock, metrics: Metrics) {
    this.#store = store
    this.clock = clock
    this.now = clock.now()
    this.metrics = metrics
  }

  /** What the store keeps in queues is more than it should be; see `Store.areQueuesOverBudget`. */
  get areQueuesOverBudget(): boolean {
    return this.#store.areQueuesOverBudget
  }

  /** A delivery was taken on. It gets its place in the order of its owner. */
  queued(delivery: Delivery, owner: Session | SharedGroup): void {
    delivery.order = owner.nextOrder++
    if (!owner.isStored || delivery.message === null) return
    delivery.isStored = true
    this.#store.append({
      type: 'message-queued',
      owner: owner.owner,
      order: delivery.order,
      message: delivery.message.stored(this.clock),
      qos: delivery.qos,
      retain: delivery.retain,
      identifiers: delivery.identifiers,
    })
  }

  /** It was sent for the first time. A group's message stays the group's until it is acknowledged. */
  sent(delivery: Delivery, session: Session): void {
    if (!delivery.isStored || delivery.group !== null) return
    const { order, packetId } = delivery
    this.#store.append({ type: 'message-sent', clientId: session.clientId, order, packetId })
  }

  /** PUBREC came. */
  released(delivery: Delivery, session: Session): void {
    if (!delivery.isStored) return
    const { order, packetId } = delivery
    this.#store.append({ type: 'message-released', clientId: session.clientId, order, packetId })
  }

  /** The client has it: QoS 0 was written, anything else acknowledged. */
  delivered(delivery: Delivery, session: Session): void {
    this.metrics.delivered++
    this.done(delivery, session)
  }

  /** Nothing more is owed for it. `session` is whose it is, unless it is a group's. */
  done(delivery: Delivery, session: Session | null): void {
    if (!delivery.isStored) return
    delivery.isStored = false
    const { group, order, packetId } = delivery
    const wasSent = group === null && packetId > 0
    this.#store.append({ type: 'message-done', owner: (group ?? session!).owner, order, wasSent })
  }

  /** It is given up. `size` and `limit` as in `DroppedMessage`. */
  discard(delivery: Delivery, session: Session | null, reason: DropReason, size = 0, limit = 0): void {
    this.metrics.dropped[reason]++
    if (this.dropListener !== null) {
      const { message, group, qos } = delivery
      const receiver = group ?? session!
      this.dropListener.messageDropped({ receiver, topicName: message!.topicName, qos, reason, size, limit })
    }
    if (this.givenUpListener !== null) {
      const { message, group } = delivery
      const topicName = this.givenUpListener.topicFor(reason, message!.topicName)
      if (topicName !== null) this.givenUpListener.givenUp(topicName, message!, group ?? session!, reason)
    }
    this.done(delivery, session)
  }

  /** A publication is given up for one of its recipients before it has become a delivery at this QoS. */
  refuse(
    publication: Publication,
    receiver: Session | SharedGroup,
    reason: DropReason,
    qos: QoS,
    size = 0,
    limit = 0,
  ): void {
    this.metrics.dropped[reason]++
    if (this.dropListener !== null) {
      const { topicName } = publication
      this.dropListener.messageDropped({ receiver, topicName, qos, reason, size, limit })
    }
    if (this.givenUpListener === null) return
    const topicName = this.givenUpListener.topicFor(reason, publication.topicName)
    if (topicName !== null) this.givenUpListener.givenUp(topicName, publication.message, receiver, reason)
  }

  /** A message that was written already was stopped. Of its payload there may be no copy to tell anybody of. */
  refuseSent(dropped: DroppedMessage): void {
    this.metrics.dropped[dropped.reason]++
    this.dropListener?.messageDropped(dropped)
  }

  /** What waits for `owner` in the store; see `Store.readQueue`. */
  readQueue(owner: Session | SharedGroup, after: number, limit: number, onPage: (page: Delivery[]) => void): void {
    const group = owner.isSharedGroup ? owner : null
    this.#store.readQueue(owner.owner, after, limit, (page) => {
      onPage(page.map((stored) => Delivery.fromStored(stored, group, this.clock)))
    })
  }

  /** For what must not be said before it is durable; see `Store.whenDurable`. */
  whenDurable(callback: () => void): void {
    this.#store.whenDurable(callback)
  }

  /** Deliveries are given up that nobody hears of: they went with what they were for, or were never to be kept. */
  count(reason: DropReason, deliveries = 1): void {
    this.metrics.dropped[reason] += deliveries
  }
}
