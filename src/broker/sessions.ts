// SPDX-License-Identifier: Apache-2.0
import { DropReason } from '../metrics/drop-reason.ts'
import type { Ledger } from '../session/ledger.ts'
import type { QueueLimits } from '../session/message-queue.ts'
import { pump } from '../session/pump.ts'
import { NEVER_EXPIRES, Session } from '../session/session.ts'
import type { Store } from '../store/store.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Wills } from './wills.ts'

/** Sessions by client identifier, from their first CONNECT to their end. */
export class Sessions {
  readonly #byClientId = new Map<string, Session>()
  /** Stored ones that have ended, the last of each client, until that is durable: a crash would bring them back. */
  readonly #ending = new Map<string, Session>()
  readonly #store: Store
  readonly #wheel: TimerWheel
  readonly #ledger: Ledger
  readonly #subscriptions: Subscriptions
  readonly #wills: Wills
  readonly #queueLimits: QueueLimits
  readonly #onExpired: (clientId: string, atWall: number) => void

  constructor(parts: {
    store: Store
    wheel: TimerWheel
    ledger: Ledger
    subscriptions: Subscriptions
    wills: Wills
    queueLimits: QueueLimits
    onExpired: (clientId: string, atWall: number) => void
  }) {
    this.#store = parts.store
    this.#wheel = parts.wheel
    this.#ledger = parts.ledger
    this.#subscriptions = parts.subscriptions
    this.#wills = parts.wills
    this.#queueLimits = parts.queueLimits
    this.#onExpired = parts.onExpired
  }

  get size(): number {
    return this.#byClientId.size
  }

  get(clientId: string): Session | undefined {
    return this.#byClientId.get(clientId)
  }

  all(): Iterable<Session> {
    return this.#byClientId.values()
  }

  /**
   * The session for a client that connects; nobody has it open any more. With Clean Start an earlier one is discarded
   * [MQTT-3.1.2-4] [MQTT4-3.1.2-6], else it is taken up again [MQTT-3.1.2-5] [MQTT4-3.1.2-4] or a new one begins
   * [MQTT-3.1.2-6].
   */
  open(
    clientId: string,
    cleanStart: boolean,
    expiryIntervalSec: number,
    queueLimit?: number,
  ): { session: Session; isPresent: boolean } {
    const earlier = this.#byClientId.get(clientId)
    if (earlier !== undefined && cleanStart) this.end(earlier)
    const isPresent = earlier !== undefined && !cleanStart
    const session = isPresent ? earlier : this.create(clientId, expiryIntervalSec)
    // While the client is there its session does not end [MQTT-4.1.0-1] [MQTT4-4.1.0-2].
    if (session.expiryTimer !== null) this.#wheel.cancel(session.expiryTimer)
    session.expiryTimer = null
    session.expiryIntervalSec = expiryIntervalSec
    session.queue.ownLimit = queueLimit
    for (const { group } of session.groups) group!.refresh()
    if (session.isPersistent || session.isStored) this.#noteOpen(session)
    return { session, isPresent }
  }

  /** So many messages may wait for the client from now on. */
  limitQueue(session: Session, queueLimit: number): void {
    session.queue.ownLimit = queueLimit
    if (session.isStored) this.#noteOpen(session)
  }

  #noteOpen(session: Session): void {
    const { clientId, expiryIntervalSec, queue } = session
    const openedAtWall = this.#ledger.clock.wallTime()
    this.#store.append({
      type: 'session-opened',
      clientId,
      expiryIntervalSec,
      queueLimit: queue.ownLimit,
      openedAtWall,
    })
    session.isStored = true
  }

  create(clientId: string, expiryIntervalSec: number): Session {
    const session = new Session(clientId, expiryIntervalSec, this.#queueLimits, this.#ledger)
    this.#byClientId.set(clientId, session)
    this.#ledger.metrics.clientIdBytes += Buffer.byteLength(clientId)
    return session
  }

  /** The connection of a session has ended: so does the session, now or when its expiry interval has passed. */
  connectionEnded(session: Session, closedAtWall: number): void {
    session.forgetConnection()
    this.#giveBackShared(session)
    if (!session.isPersistent) return this.end(session) // any other is kept [MQTT-3.1.2-23] [MQTT4-4.1.0-1]
    session.queue.unload()
    const { clientId, expiryIntervalSec, queue } = session
    this.startExpiry(session, expiryIntervalSec * 1000)
    this.#store.append({
      type: 'session-closed',
      clientId,
      expiryIntervalSec,
      queueLimit: queue.ownLimit,
      closedAtWall,
    })
  }

  /** Ends a session that stays away for `delayMs` [MQTT-3.1.2-23] [MQTT-4.1.0-2]. */
  startExpiry(session: Session, delayMs: number): void {
    if (session.expiryIntervalSec === NEVER_EXPIRES) return
    const atWall = this.#ledger.clock.wallTime() + delayMs
    session.expiryTimer = new Timer(() => this.expire(session, atWall))
    this.#wheel.schedule(session.expiryTimer, delayMs)
  }

  /** Its client has stayed away for too long. */
  expire(session: Session, atWall: number): void {
    this.end(session)
    this.#onExpired(session.clientId, atWall)
  }

  /** Discards a session and all that is in it. A will that still waits is published: the session's end comes before its delay. */
  end(session: Session): void {
    this.#wills.publish(session)
    if (session.expiryTimer !== null) this.#wheel.cancel(session.expiryTimer)
    for (const topicFilter of session.subscriptions.keys()) this.#subscriptions.unsubscribe(session, topicFilter)
    session.discard(this.#ledger)
    this.#byClientId.delete(session.clientId)
    this.#ledger.metrics.clientIdBytes -= Buffer.byteLength(session.clientId)
    if (!session.isStored) return
    const { clientId } = session
    this.#store.append({ type: 'session-ended', clientId })
    this.#ending.set(clientId, session)
    this.#store.whenDurable(() => {
      if (this.#ending.get(clientId) === session) this.#ending.delete(clientId)
    })
  }

  /** An earlier session of the client has ended, but not durably. */
  isEnding(clientId: string): boolean {
    return this.#ending.has(clientId)
  }

  /** What a lost member of a group did not acknowledge goes to another member, as if never sent (HiveMQ, spec 5.0, 4.8.2). */
  #giveBackShared(session: Session): void {
    if (session.window.size === 0) return
    const lost = session.window.inOrder().filter((delivery) => delivery.group !== null)
    for (const delivery of lost) session.window.remove(delivery)
    for (const group of new Set(lost.map((delivery) => delivery.group!))) {
      const deliveries = lost.filter((delivery) => delivery.group === group)
      if (this.#subscriptions.group(group.key) !== group) {
        this.#ledger.count(DropReason.GROUP_ENDED, deliveries.length)
        continue
      }
      group.giveBack(deliveries)
      for (const { subscriber } of group.members) pump(this.#ledger, subscriber)
    }
  }
}
