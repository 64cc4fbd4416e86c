// SPDX-License-Identifier: Apache-2.0
import { encodePropertyBytes } from '../codec/property-codec.ts'
import type { UserProperty } from '../codec/property.ts'
import { NO_EXPIRY } from '../codec/publish.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import type { GivenUpListener, Ledger } from '../session/ledger.ts'
import { Message } from '../session/message.ts'
import type { Publication } from '../session/publication.ts'
import type { Session } from '../session/session.ts'
import type { SharedGroup } from '../session/shared-group.ts'
import { Ring } from '../util/ring.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import type { ExpirySweep } from './expiry-sweep.ts'
import type { BrokerSettings } from './settings.ts'
import type { Subscriptions } from './subscriptions.ts'

const DOLLAR = '$'
const DEAD = '$dead/'
const EXPIRED = '$expired/'
const DROPPED = '$dropped/'

/** Longest topic that a packet can carry. */
const MAX_TOPIC_BYTES = 65_535
/** Copies that wait to be published, and the bytes of their messages: what is lost in bursts must not fill the memory. */
const MAX_WAITING = 50_000
const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** So many are published in a turn, some milliseconds' worth, so that clients get theirs. */
const COPIES_PER_TURN = 2_000

interface Waiting {
  readonly topicName: string
  readonly message: Message
  /** What the copy says of itself. */
  readonly notes: readonly UserProperty[]
}

interface LostMessagesParts {
  readonly settings: BrokerSettings
  readonly ledger: Ledger
  readonly wheel: TimerWheel
  readonly subscriptions: Subscriptions
  readonly sweep: ExpirySweep
  readonly publish: (message: Message) => void
}

/**
 * HiveMQ's add-on topics: a copy of what nobody gets is published under `$dead/`, of what expires in a queue under
 * `$expired/`, of what is dropped for a client or a group under `$dropped/`, each followed by the message's topic. Copies are
 * made only where somebody has subscribed to them.
 */
export class LostMessages implements GivenUpListener {
  readonly #settings: BrokerSettings
  readonly #ledger: Ledger
  readonly #wheel: TimerWheel
  readonly #subscriptions: Subscriptions
  readonly #sweep: ExpirySweep
  readonly #publish: (message: Message) => void
  /** Subscriptions below each prefix. */
  readonly #watchers: Record<string, number> = { [DEAD]: 0, [EXPIRED]: 0, [DROPPED]: 0 }
  /** Messages without recipients are wanted. */
  isDeadWatched = false
  #isExpiredWatched = false
  #isDroppedWatched = false
  /**
   * Copies are not published where their message is lost: that may be in the middle of a queue, to which the copy may have
   * to go as well.
   */
  readonly #waiting = new Ring<Waiting>()
  #waitingBytes = 0
  readonly #timer = new Timer(() => this.#publishSome(COPIES_PER_TURN))

  constructor(parts: LostMessagesParts) {
    this.#settings = parts.settings
    this.#ledger = parts.ledger
    this.#wheel = parts.wheel
    this.#subscriptions = parts.subscriptions
    this.#sweep = parts.sweep
    this.#publish = parts.publish
  }

  /** A filter that begins with `$` has come into the tree of subscriptions (1) or has gone (-1). */
  watch(filter: string, change: 1 | -1): void {
    const prefix = [DEAD, EXPIRED, DROPPED].find((candidate) => filter.startsWith(candidate))
    if (prefix === undefined) return
    this.#watchers[prefix]! += change
    const { deadMessagesTopicEnabled, expiredMessagesTopicEnabled, droppedMessagesTopicEnabled } = this.#settings
    this.isDeadWatched = deadMessagesTopicEnabled && this.#watchers[DEAD]! > 0
    this.#isExpiredWatched = expiredMessagesTopicEnabled && (this.#watchers[EXPIRED]! > 0 || this.isDeadWatched)
    this.#isDroppedWatched = droppedMessagesTopicEnabled && this.#watchers[DROPPED]! > 0
    this.#ledger.givenUpListener = this.#isExpiredWatched || this.#isDroppedWatched ? this : null
    this.#sweep.isOn = this.#isExpiredWatched
  }

  /** A message has come for whose topic there is no subscription. */
  dead(publication: Publication): void {
    if (publication.topicName.startsWith(DOLLAR)) return
    const topicName = this.#heard(DEAD + publication.topicName)
    if (topicName !== null) this.#add(topicName, publication.message, [this.#timestamp()])
  }

  /**
   * Where a copy has to go, or null where nobody wants it. A copy is not copied again, but for `$dead/$expired/…` and
   * `$dropped/$expired/…`: so there are no loops.
   */
  topicFor(reason: DropReason, topicName: string): string | null {
    const isExpiredCopy = topicName.startsWith(EXPIRED)
    if (topicName.startsWith(DOLLAR) && !isExpiredCopy) return null
    if (reason !== DropReason.EXPIRED) return this.#isDroppedWatched ? this.#heard(DROPPED + topicName) : null
    if (isExpiredCopy || !this.#isExpiredWatched) return null
    const expired = EXPIRED + topicName
    return this.#heard(expired) ?? (this.isDeadWatched ? this.#heard(DEAD + expired) : null)
  }

  givenUp(topicName: string, message: Message, receiver: Session | SharedGroup, reason: DropReason): void {
    const who: UserProperty = receiver.isSharedGroup ? ['share-group', receiver.key] : ['client-id', receiver.clientId]
    this.#add(topicName, message, [['reason', reason], who, this.#timestamp()])
  }

  /** Publishes all that waits. */
  flush(): void {
    this.#publishSome(Number.POSITIVE_INFINITY)
  }

  #timestamp(): UserProperty {
    return ['timestamp', new Date(this.#ledger.clock.wallTime()).toISOString()]
  }

  /** The topic if somebody has subscribed to it. */
  #heard(topicName: string): string | null {
    if (this.#subscriptions.recipientsOf(this.#subscriptions.topicOf(topicName)).length === 0) return null
    if (Buffer.byteLength(topicName) <= MAX_TOPIC_BYTES) return topicName
    this.#ledger.metrics.lostCopiesDropped++
    return null
  }

  #add(topicName: string, message: Message, notes: readonly UserProperty[]): void {
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + message.bytes > MAX_WAITING_BYTES) {
      this.#ledger.metrics.lostCopiesDropped++
      return
    }
    this.#waitingBytes += message.bytes
    this.#waiting.push({ topicName, message, notes })
    if (!this.#timer.isScheduled) this.#wheel.schedule(this.#timer, 0)
  }

  #publishSome(count: number): void {
    for (let left = count; left > 0; left--) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) return
      this.#waitingBytes -= waiting.message.bytes
      this.#ledger.metrics.lostCopiesPublished++
      this.#publish(this.#copy(waiting))
    }
    if (this.#waiting.length > 0) this.#wheel.schedule(this.#timer, 0)
  }

  /** Payload, QoS and the properties that a publisher sets are the message's own; RETAIN and the expiry interval are not kept. */
  #copy({ topicName, message, notes }: Waiting): Message {
    const { properties, payload, qos } = message
    return new Message({
      topicName,
      topic: Buffer.from(topicName),
      properties: Buffer.concat([properties, encodePropertyBytes({ userProperties: [...notes] })]),
      payload,
      qos,
      retain: false,
      messageExpiryInterval: NO_EXPIRY,
      receivedAt: this.#ledger.clock.now(),
    })
  }
}
