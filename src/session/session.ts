// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import type { Owner } from '../store/change-record.ts'
import type { Subscriber, Subscription } from '../topic/subscription.ts'
import type { TopicFilter } from '../topic/topic-filter.ts'
import type { Ring } from '../util/ring.ts'
import type { Timer } from '../util/timer-wheel.ts'
import type { Delivery } from './delivery.ts'
import type { Ledger } from './ledger.ts'
import type { Message } from './message.ts'
import { MessageQueue, type QueueLimits } from './message-queue.ts'
import type { Outlet } from './outlet.ts'
import { OutgoingWindow } from './outgoing-window.ts'
import type { SharedGroup } from './shared-group.ts'

/** Session Expiry Interval of a session that never ends (spec 5.0, 3.1.2.11.2). */
export const NEVER_EXPIRES = 0xffff_ffff

/** What a session knows of one of its subscriptions, by the filter as the client wrote it. */
export interface SessionSubscription {
  readonly topicFilter: string
  /** What stands in the tree, or what the group has as its member. */
  readonly subscription: Subscription<Session>
  readonly parsed: TopicFilter
  readonly group: SharedGroup | null
}

/** Retained messages on their way to a new subscription. They are taken one by one, as the client can take them. */
export interface RetainedWalk {
  readonly messages: Iterator<Message>
  readonly qos: QoS
  readonly identifiers: readonly number[]
}

/** A will as the broker keeps it while the client is connected, and until its delay has passed. */
export interface SessionWill {
  readonly message: Message
  readonly delaySec: number
}

/** All state of one client identifier [MQTT-3.1.3-2] [MQTT4-3.1.3-2]. */
export class Session implements Subscriber {
  readonly isSharedGroup = false
  matchStamp = 0
  matchIndex = 0

  // For the life of the session
  readonly clientId: string
  readonly owner: Owner
  expiryIntervalSec: number
  /** The store knows of it. */
  isStored = false
  readonly subscriptions: Map<string, SessionSubscription> = new Map()
  readonly window: OutgoingWindow
  readonly queue: MessageQueue
  /**
   * Packet identifiers of QoS 2 messages from the client that wait for PUBREL, with the connection on which they were
   * last seen: only those count towards its receive maximum.
   */
  incomingQoS2: Map<number, Outlet | null> | null = null
  /** Those of the subscriptions that make the client a member of a group. */
  readonly groups: SessionSubscription[] = []
  retainedWalks: Ring<RetainedWalk> | null = null
  /** Messages that are sent as soon as the store has noted it. */
  waitingSends = 0
  /** Order of the next delivery. */
  nextOrder = 1

  // While the client is away
  /** Ends the session. */
  expiryTimer: Timer | null = null
  will: SessionWill | null = null
  /** Publishes the will after its delay. */
  willTimer: Timer | null = null

  // For the life of a connection
  /** The connection that has the session open. */
  holder: Outlet | null = null
  /** The same from CONNACK on: now messages can be sent. */
  outlet: Outlet | null = null
  /** What must be sent again, and how far that has come. */
  resend: readonly Delivery[] = NOTHING
  resendNext = 0

  constructor(clientId: string, expiryIntervalSec: number, limits: QueueLimits, ledger: Ledger) {
    this.clientId = clientId
    this.owner = { kind: 'session', key: clientId }
    this.expiryIntervalSec = expiryIntervalSec
    this.window = new OutgoingWindow(ledger.metrics)
    this.queue = new MessageQueue(limits, DropReason.QUEUE_FULL, ledger, this)
  }

  /** Outlives its connection, and so a restart of the broker. */
  get isPersistent(): boolean {
    return this.expiryIntervalSec > 0
  }

  get isOnline(): boolean {
    return this.outlet !== null
  }

  /** What it waited for in its queue is there. */
  callForMore(): void {
    this.outlet?.link.askForMore()
  }

  /** For the choice among members of a group: what was given to this client and is not done. */
  get load(): number {
    return this.window.size + this.queue.length
  }

  /**
   * Nothing waits before a new message [MQTT-4.6.0-6] [MQTT4-4.6.0-5] [MQTT4-4.6.0-6], and the client may get one with QoS 1
   * or 2 now.
   */
  get canSend(): boolean {
    return (
      this.queue.length === 0 &&
      this.resendNext >= this.resend.length &&
      !this.window.isFull &&
      this.outlet !== null &&
      !this.outlet.link.isCongested
    )
  }

  /** Something waits to be sent. */
  get hasBacklog(): boolean {
    return (
      this.queue.length > 0 ||
      this.resendNext < this.resend.length ||
      (this.retainedWalks !== null && this.retainedWalks.length > 0) ||
      this.#groupWaits()
    )
  }

  /** Everything was sent again; it is held no longer than its acknowledgement takes. */
  endResend(): void {
    this.resend = NOTHING
    this.resendNext = 0
  }

  /** Its connection has ended, and is not held for the sake of identifiers that were last seen on it. */
  forgetConnection(): void {
    this.holder = null
    this.outlet = null
    for (const packetId of this.incomingQoS2?.keys() ?? []) this.incomingQoS2!.set(packetId, null)
  }

  /** The session has ended. What still points at it, as a cached match may, keeps no messages alive. */
  discard(ledger: Ledger): void {
    this.incomingQoS2 = null
    this.queue.clear(DropReason.SESSION_ENDED)
    ledger.count(DropReason.SESSION_ENDED, this.window.size)
    this.window.clear()
    this.endResend()
    this.retainedWalks = null
  }

  #groupWaits(): boolean {
    for (const { group } of this.groups) if (group!.hasBacklog) return true
    return false
  }
}

const NOTHING: readonly Delivery[] = []
