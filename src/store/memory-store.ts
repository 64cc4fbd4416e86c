// SPDX-License-Identifier: Apache-2.0
import type { ChangeRecord, Owner, StoredMessage, StoredSubscription, StoredWill } from './change-record.ts'
import type { Store, StoredDelivery, StoredQueue, StoredState } from './store.ts'

interface Deliveries {
  /** By order, which rises. */
  readonly deliveries: Map<number, StoredDelivery>
  lastOrder: number
}

interface SessionEntry extends Deliveries {
  readonly clientId: string
  expiryIntervalSec: number
  queueLimit: number | undefined
  closedAtWall: number | null
  readonly subscriptions: Map<string, StoredSubscription>
  readonly incomingQoS2: Set<number>
}

interface GroupEntry extends Deliveries {
  readonly key: string
}

/**
 * HiveMQ's `in-memory` persistence: nothing outlives the process, and everything is "durable" at once. A broker that is
 * opened on the same object finds what an earlier one left, which is how tests restart brokers without a disk.
 */
export class MemoryStore implements Store {
  readonly #sessions = new Map<string, SessionEntry>()
  readonly #groups = new Map<string, GroupEntry>()
  readonly #retained = new Map<string, StoredMessage>()
  readonly #wills = new Map<string, StoredWill>()
  #lastAliveWall: number | null = null

  readonly isFull = false
  // The limit of a queue and the memory guard stand here: a second budget could but guess what objects take.
  readonly areQueuesOverBudget: boolean = false
  readonly queuedBytes = 0
  readonly isBehind = false
  appended = 0

  load(): Promise<StoredState> {
    // A snapshot: the broker appends while it takes it in.
    return Promise.resolve({
      sessions: [...this.#sessions.values()].map((session) => ({
        ...session,
        subscriptions: [...session.subscriptions.values()],
        inFlight: [...session.deliveries.values()].filter(({ packetId }) => packetId > 0),
        queue: queueOf(session),
        incomingQoS2: [...session.incomingQoS2],
      })),
      groups: [...this.#groups.values()].map((group) => ({ key: group.key, queue: queueOf(group) })),
      retained: [...this.#retained.values()],
      wills: [...this.#wills].map(([clientId, will]) => ({ clientId, will })),
      lastAliveWall: this.#lastAliveWall,
    })
  }

  append(record: ChangeRecord): void {
    this.appended++
    switch (record.type) {
      case 'session-opened':
        this.#lastAliveWall = record.openedAtWall
        this.#openSession(record.clientId, record.expiryIntervalSec, record.queueLimit)
        return
      case 'alive':
        this.#lastAliveWall = record.atWall
        return
      case 'session-ended':
        this.#sessions.delete(record.clientId)
        return
      case 'group-ended':
        this.#groups.delete(record.group)
        return
      case 'message-queued':
        this.#queue(record)
        return
      case 'message-done':
        this.#owner(record.owner)?.deliveries.delete(record.order)
        return
      case 'retained-set':
        this.#retained.set(record.message.topicName, record.message)
        return
      case 'retained-cleared':
        this.#retained.delete(record.topicName)
        return
      case 'will-set':
        this.#wills.set(record.clientId, record.will)
        return
      case 'will-done':
        this.#wills.delete(record.clientId)
        return
      default: {
        const session = this.#sessions.get(record.clientId)
        if (session !== undefined) applyToSession(session, record)
      }
    }
  }

  whenDurable(callback: () => void): void {
    callback()
  }

  readQueue({ kind, key }: Owner, afterOrder: number, limit: number, onPage: (page: StoredDelivery[]) => void): void {
    const page: StoredDelivery[] = []
    const owner = kind === 'session' ? this.#sessions.get(key) : this.#groups.get(key)
    for (const delivery of owner?.deliveries.values() ?? []) {
      if (delivery.order <= afterOrder || delivery.packetId > 0) continue
      page.push(delivery)
      if (page.length === limit) break
    }
    onPage(page)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #openSession(clientId: string, expiryIntervalSec: number, queueLimit: number | undefined): void {
    const session = this.#sessions.get(clientId)
    if (session !== undefined) {
      session.expiryIntervalSec = expiryIntervalSec
      session.queueLimit = queueLimit
      session.closedAtWall = null
      return
    }
    this.#sessions.set(clientId, {
      clientId,
      expiryIntervalSec,
      queueLimit,
      closedAtWall: null,
      subscriptions: new Map(),
      deliveries: new Map(),
      lastOrder: 0,
      incomingQoS2: new Set(),
    })
  }

  #queue(record: ChangeRecord & { type: 'message-queued' }): void {
    let owner = this.#owner(record.owner)
    if (owner === undefined) {
      // A session is opened before anything is queued for it; a group comes into being with its first message.
      if (record.owner.kind === 'session') return
      const { key } = record.owner
      const group = { key, deliveries: new Map<number, StoredDelivery>(), lastOrder: 0 }
      this.#groups.set(key, group)
      owner = group
    }
    const { order, message, qos, retain, identifiers } = record
    owner.lastOrder = order
    owner.deliveries.set(order, { order, message, qos, retain, identifiers, packetId: 0, isReleased: false })
  }

  #owner({ kind, key }: Owner): Deliveries | undefined {
    return kind === 'session' ? this.#sessions.get(key) : this.#groups.get(key)
  }
}

function applyToSession(session: SessionEntry, record: Exclude<ChangeRecord, NotOfSession>): void {
  switch (record.type) {
    case 'session-closed':
      session.expiryIntervalSec = record.expiryIntervalSec
      session.queueLimit = record.queueLimit
      session.closedAtWall = record.closedAtWall
      return
    case 'subscribed':
      session.subscriptions.set(record.subscription.topicFilter, record.subscription)
      return
    case 'unsubscribed':
      session.subscriptions.delete(record.topicFilter)
      return
    case 'message-sent':
      update(session, record.order, { packetId: record.packetId })
      return
    case 'message-released':
      update(session, record.order, { isReleased: true })
      return
    case 'incoming-qos2-received':
      session.incomingQoS2.add(record.packetId)
      return
    case 'incoming-qos2-released':
      session.incomingQoS2.delete(record.packetId)
  }
}

type NotOfSession = {
  type:
    | 'session-opened'
    | 'session-ended'
    | 'alive'
    | 'group-ended'
    | 'message-queued'
    | 'message-done'
    | `retained-${string}`
    | `will-${string}`
}

function update(session: SessionEntry, order: number, change: Partial<StoredDelivery>): void {
  const delivery = session.deliveries.get(order)
  if (delivery !== undefined) session.deliveries.set(order, { ...delivery, ...change })
}

function queueOf({ deliveries, lastOrder }: Deliveries): StoredQueue {
  let length = 0
  for (const { packetId } of deliveries.values()) if (packetId === 0) length++
  return { length, lastOrder }
}
