// SPDX-License-Identifier: Apache-2.0
import type { StoredSubscription } from '../change-record.ts'
import type { StoredDelivery, StoredGroup, StoredQueue, StoredSession, StoredState } from '../store.ts'
import { deliveryKey, numberKey, numberOf, orderOf, packetIdOf } from './keys.ts'
import { bodyOf, decodeDelivery, decodeInFlight, decodeMessage, decodeWill } from './message-encoding.ts'
import type { Tables } from './tables.ts'
import { ALIVE_KEY } from './write-batch.ts'

/** The numbers of owners, as the store uses them; their names are all that the broker knows. */
export interface Owners {
  readonly sessions: Map<string, number>
  readonly groups: Map<string, number>
  next: number
}

interface Loaded {
  readonly state: StoredState
  readonly owners: Owners
  /** For the next body. */
  readonly nextBody: number
}

/** Reads all but the queues, of which only the length is counted. */
export function loadState(tables: Tables): Loaded {
  const subscriptions = subscriptionsByOwner(tables)
  const packetIds = packetIdsByOwner(tables)
  const inFlight = inFlightByOwner(tables)
  const queues = queuesByOwner(tables)
  const owners: Owners = { sessions: new Map(), groups: new Map(), next: 1 }
  const queueOf = (owner: number): StoredQueue => {
    const { length, lastOrder } = queues.get(owner) ?? { length: 0, lastOrder: 0 }
    return { length: length - (inFlight.get(owner)?.length ?? 0), lastOrder }
  }
  const sessions: StoredSession[] = []
  for (const { key, value } of tables.sessions.getRange()) {
    const owner = numberOf(key)
    const { clientId, expiryIntervalSec, queueLimit, closedAtWall } = JSON.parse(value.toString()) as StoredSession
    owners.sessions.set(clientId, owner)
    sessions.push({
      clientId,
      expiryIntervalSec,
      queueLimit,
      closedAtWall,
      subscriptions: subscriptions.get(owner) ?? [],
      inFlight: inFlight.get(owner) ?? [],
      queue: queueOf(owner),
      incomingQoS2: packetIds.get(owner) ?? [],
    })
  }
  const groups: StoredGroup[] = []
  for (const { key, value } of tables.groups.getRange()) {
    const owner = numberOf(key)
    owners.groups.set(value.toString(), owner)
    groups.push({ key: value.toString(), queue: queueOf(owner) })
  }
  // Numbers of ended owners must not come again as long as something is left of them.
  for (const table of [tables.sessions, tables.groups, tables.garbage]) {
    owners.next = Math.max(owners.next, lastNumberOf(table) + 1)
  }
  return {
    state: {
      sessions,
      groups,
      retained: [...tables.retained.getRange()].map(({ value }) => decodeMessage(value)),
      wills: [...tables.wills.getRange()].map(({ value }) => decodeWill(value)),
      lastAliveWall: tables.meta.get(ALIVE_KEY)?.readDoubleLE(0) ?? null,
    },
    owners,
    nextBody: lastNumberOf(tables.bodies) + 1,
  }
}

/** One delivery with its message; undefined when it is not there. */
export function readDelivery(tables: Tables, key: Buffer, value: Buffer | undefined): StoredDelivery | undefined {
  if (value === undefined) return undefined
  const body = bodyOf(value)
  if (body === null) return decodeDelivery(value, orderOf(key), null)
  const message = tables.bodies.get(numberKey(body))
  return message === undefined ? undefined : decodeDelivery(value, orderOf(key), decodeMessage(message))
}

function lastNumberOf(table: Tables[keyof Tables]): number {
  for (const key of table.getKeys({ reverse: true, limit: 1 })) return numberOf(key)
  return 0
}

function subscriptionsByOwner(tables: Tables): Map<number, StoredSubscription[]> {
  const byOwner = new Map<number, StoredSubscription[]>()
  for (const { key, value } of tables.subscriptions.getRange()) {
    listOf(byOwner, numberOf(key)).push(JSON.parse(value.toString()) as StoredSubscription)
  }
  return byOwner
}

function packetIdsByOwner(tables: Tables): Map<number, number[]> {
  const byOwner = new Map<number, number[]>()
  for (const key of tables.incomingQoS2.getKeys()) listOf(byOwner, numberOf(key)).push(packetIdOf(key))
  return byOwner
}

function inFlightByOwner(tables: Tables): Map<number, StoredDelivery[]> {
  const byOwner = new Map<number, StoredDelivery[]>()
  for (const { key, value } of tables.inFlight.getRange()) {
    const owner = numberOf(key)
    const delivery = readDelivery(tables, key, tables.queued.get(deliveryKey(owner, orderOf(key))))
    if (delivery !== undefined) listOf(byOwner, owner).push({ ...delivery, ...decodeInFlight(value) })
  }
  return byOwner
}

function queuesByOwner(tables: Tables): Map<number, { length: number; lastOrder: number }> {
  const byOwner = new Map<number, { length: number; lastOrder: number }>()
  let owner = -1
  let queue = { length: 0, lastOrder: 0 }
  for (const key of tables.queued.getKeys()) {
    if (numberOf(key) !== owner) {
      owner = numberOf(key)
      queue = { length: 0, lastOrder: 0 }
      byOwner.set(owner, queue)
    }
    queue.length++
    queue.lastOrder = orderOf(key)
  }
  return byOwner
}

function listOf<T>(lists: Map<number, T[]>, owner: number): T[] {
  let list = lists.get(owner)
  if (list === undefined) {
    list = []
    lists.set(owner, list)
  }
  return list
}
