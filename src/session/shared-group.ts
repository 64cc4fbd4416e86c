// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import type { Owner } from '../store/change-record.ts'
import { type Subscriber, Subscription, type SubscriptionOptions } from '../topic/subscription.ts'
import type { TopicFilter } from '../topic/topic-filter.ts'
import type { Delivery } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import { MessageQueue, type QueueLimits } from './message-queue.ts'
import { QoS0Backlog } from './qos-0-backlog.ts'
import type { Session } from './session.ts'

/** Of a large group so many members are looked at for a message, not all. */
const MAX_CANDIDATES = 16
/** HiveMQ grants shared subscriptions at most QoS 1: a QoS 2 message could not move on from a lost member. */
const GROUP_OPTIONS: SubscriptionOptions = { qos: 1, noLocal: false, retainAsPublished: true, identifier: 0 }

/**
 * The clients that share one filter: `$share/<name>/<filter>`. The group is one subscriber of the tree. It hands each
 * message to one connected member that has room, the least loaded of those it looks at, or keeps it until one has.
 */
export class SharedGroup implements Subscriber {
  readonly isSharedGroup = true
  matchStamp = 0
  matchIndex = 0
  /** `$share/<name>/<filter>`, as clients subscribe to it. */
  readonly key: string
  readonly owner: Owner
  readonly parsed: TopicFilter
  /** The group's own entry in the subscription tree. Each member's own options count when a message is sent to it. */
  readonly subscription: Subscription<SharedGroup>
  readonly queue: MessageQueue
  readonly qos0Backlog: QoS0Backlog
  /** Order of the next message in the queue. */
  nextOrder = 1
  /** The first message of the queue was too large for a member that had room. */
  isPassedOver = false
  /** Some member outlives its connection: so do the group's messages. */
  isPersistent = false
  readonly #members: Subscription<Session>[] = []
  #turn = 0

  constructor(key: string, parsed: TopicFilter, limits: QueueLimits, ledger: Ledger) {
    this.key = key
    this.owner = { kind: 'group', key }
    this.parsed = parsed
    this.subscription = new Subscription<SharedGroup>(this, GROUP_OPTIONS)
    this.qos0Backlog = new QoS0Backlog(this, ledger)
    this.queue = new MessageQueue(limits, DropReason.SHARED_QUEUE_FULL, ledger, this)
  }

  /** New messages go to the store too. Once some do, later ones have to: the queue keeps its order. */
  get isStored(): boolean {
    return this.isPersistent || this.queue.isPartlyStored
  }

  get isOnline(): boolean {
    return this.#members.some(({ subscriber }) => subscriber.isOnline)
  }

  /** There may be something in the queue for members that found nothing before. */
  callForMore(): void {
    for (const { subscriber } of this.#members) subscriber.callForMore()
  }

  get members(): readonly Subscription<Session>[] {
    return this.#members
  }

  /** A client is one member, however often it subscribes. */
  join(member: Subscription<Session>): void {
    this.#members.push(member)
    this.refresh()
  }

  leave(member: Subscription<Session>): void {
    const index = this.#members.indexOf(member)
    if (index >= 0) this.#members.splice(index, 1)
    this.refresh()
  }

  /** To be called when a member's session becomes persistent or stops being so. */
  refresh(): void {
    this.isPersistent = this.#members.some((member) => member.subscriber.isPersistent)
  }

  /**
   * The member that gets the next message, or null when none can take it now. Starts behind the one chosen last, so that
   * equally loaded members take turns.
   */
  choose(canTake: (member: Subscription<Session>) => boolean): Subscription<Session> | null {
    const count = this.#members.length
    let best: Subscription<Session> | null = null
    let bestTurn = 0
    for (let step = 1, candidates = 0; step <= count && candidates < MAX_CANDIDATES; step++) {
      const turn = (this.#turn + step) % count
      const member = this.#members[turn]!
      if (!canTake(member)) continue
      candidates++
      if (best !== null && member.subscriber.load >= best.subscriber.load) continue
      best = member
      bestTurn = turn
    }
    if (best !== null) this.#turn = bestTurn
    return best
  }

  /** Something waits for a member. */
  get hasBacklog(): boolean {
    return this.queue.length > 0 || this.qos0Backlog.length > 0
  }

  /** With its last member the group has ended. What still points at it, as a cached match may, keeps no messages alive. */
  discard(): void {
    this.queue.clear(DropReason.GROUP_ENDED)
    this.qos0Backlog.clear()
  }

  /** Takes back what a lost member did not acknowledge, before what came later. */
  giveBack(deliveries: readonly Delivery[]): void {
    for (let i = deliveries.length - 1; i >= 0; i--) this.queue.pushFront(deliveries[i]!)
  }
}
