// SPDX-License-Identifier: Apache-2.0
import { setImmediate as endOfTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { QoS } from '../../src/codec/packet-type.ts'
import type { ChangeRecord, Owner, StoredMessage } from '../../src/store/change-record.ts'
import type { Tables } from '../../src/store/lmdb/tables.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { Store, StoredDelivery, StoredState } from '../../src/store/store.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LmdbStores } from '../support/lmdb-stores.ts'

// Whatever a broker writes, in whatever batches, and however often the process ends in between: the durable store must give
// back what the one in memory does.

const SESSIONS = ['a', 'b', 'c'.repeat(2_000)]
const GROUPS = ['$share/g/t', '$share/h/#']
const TOPICS = ['t', 'ü/+', 'x/'.repeat(1_000)]

const message = fc.record({
  topicName: fc.constantFrom(...TOPICS),
  payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  properties: fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes)),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  retain: fc.boolean(),
  messageExpiryInterval: fc.constantFrom(Number.POSITIVE_INFINITY, 0, 60, 0xffff_ffff),
  receivedAtWall: fc.nat(),
  receivedAt: fc.double({ noNaN: true, noDefaultInfinity: true }),
  epoch: fc.nat(),
})
const owner = fc.oneof(
  fc.constantFrom(...SESSIONS).map((key): Owner => ({ kind: 'session', key })),
  fc.constantFrom(...GROUPS).map((key): Owner => ({ kind: 'group', key })),
)
const clientId = fc.constantFrom(...SESSIONS)
const queueLimit = fc.constantFrom(undefined, 1, Number.MAX_SAFE_INTEGER)

/** What happens; numbers stand for "one of those that are there". */
const step = fc.oneof(
  fc.record({ do: fc.constant('open' as const), clientId, expiryIntervalSec: fc.nat(1_000), queueLimit }),
  fc.record({
    do: fc.constant('close' as const),
    clientId,
    expiryIntervalSec: fc.nat(1_000),
    queueLimit,
    closedAtWall: fc.nat(),
  }),
  fc.record({ do: fc.constant('end' as const), owner }),
  fc.record({
    do: fc.constant('subscribe' as const),
    clientId,
    topicFilter: fc.constantFrom('#', ...TOPICS, ...GROUPS),
    qos: fc.constantFrom<QoS>(0, 1, 2),
    identifier: fc.nat(268_435_455),
  }),
  fc.record({ do: fc.constant('unsubscribe' as const), clientId, topicFilter: fc.constantFrom('#', ...TOPICS) }),
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      message,
      owners: fc.uniqueArray(owner, { minLength: 1, maxLength: 4, selector: ({ key }) => key }),
      identifiers: fc.array(fc.nat(268_435_455), { maxLength: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('send' as const), clientId, packetId: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), clientId, at: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('done' as const), owner, at: fc.nat(9) }) },
  fc.record({
    do: fc.constantFrom('receive' as const, 'forget' as const),
    clientId,
    packetId: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ do: fc.constant('retain' as const), message }),
  fc.record({ do: fc.constant('clear' as const), topicName: fc.constantFrom(...TOPICS) }),
  fc.record({ do: fc.constant('will' as const), clientId, message, delaySec: fc.nat(100) }),
  fc.record({ do: fc.constantFrom('will-done' as const, 'alive' as const), clientId, at: fc.nat() }),
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'reopen' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Keeps to the rules that a broker keeps to: orders rise, nothing is done twice, messages are sent in their order. */
class Script {
  readonly #waiting = new Map<string, number[]>()
  readonly #inFlight = new Map<string, { order: number; packetId: number }[]>()
  readonly #open = new Set<string>()
  #order = 0

  toRecords(now: Step): ChangeRecord[] {
    switch (now.do) {
      case 'open':
        this.#open.add(now.clientId)
        return [{ type: 'session-opened', ...now, openedAtWall: ++this.#order }]
      case 'close':
        return this.#open.has(now.clientId) ? [{ type: 'session-closed', ...now }] : []
      case 'end':
        this.#waiting.delete(now.owner.key)
        this.#inFlight.delete(now.owner.key)
        if (now.owner.kind === 'group') return [{ type: 'group-ended', group: now.owner.key }]
        return this.#open.delete(now.owner.key) ? [{ type: 'session-ended', clientId: now.owner.key }] : []
      case 'subscribe': {
        const { topicFilter, qos, identifier } = now
        const subscription = { topicFilter, qos, identifier, noLocal: qos === 1, retainAsPublished: qos === 2 }
        return [{ type: 'subscribed', clientId: now.clientId, subscription }]
      }
      case 'unsubscribe':
        return [{ type: 'unsubscribed', clientId: now.clientId, topicFilter: now.topicFilter }]
      case 'publish':
        return now.owners
          .filter(({ kind, key }) => kind === 'group' || this.#open.has(key))
          .map((to) => this.#queue(to, now.message, now.identifiers))
      case 'send': {
        const order = listOf(this.#waiting, now.clientId).shift()
        if (order === undefined) return []
        const { clientId: client, packetId } = now
        listOf(this.#inFlight, client).push({ order, packetId })
        return [{ type: 'message-sent', clientId: client, order, packetId }]
      }
      case 'release': {
        const inFlight = listOf(this.#inFlight, now.clientId)
        const delivery = inFlight[now.at % inFlight.length]
        return delivery === undefined ? [] : [{ type: 'message-released', clientId: now.clientId, ...delivery }]
      }
      case 'done':
        return this.#finish(now.owner, now.at)
      case 'receive':
      case 'forget': {
        const type = now.do === 'receive' ? 'incoming-qos2-received' : 'incoming-qos2-released'
        return [{ type, clientId: now.clientId, packetId: now.packetId }]
      }
      case 'retain':
        return [{ type: 'retained-set', message: now.message }]
      case 'clear':
        return [{ type: 'retained-cleared', topicName: now.topicName }]
      case 'will':
        return [{ type: 'will-set', clientId: now.clientId, will: { message: now.message, delaySec: now.delaySec } }]
      case 'will-done':
        return [{ type: 'will-done', clientId: now.clientId }]
      case 'alive':
        return [{ type: 'alive', atWall: now.at }]
      default:
        return []
    }
  }

  #queue(to: Owner, queued: StoredMessage, identifiers: readonly number[]): ChangeRecord {
    const order = ++this.#order
    listOf(this.#waiting, to.key).push(order)
    return { type: 'message-queued', owner: to, order, message: queued, qos: 1, retain: order % 2 === 0, identifiers }
  }

  #finish(of: Owner, at: number): ChangeRecord[] {
    const inFlight = listOf(this.#inFlight, of.key)
    const waiting = listOf(this.#waiting, of.key)
    if (inFlight.length > 0) {
      const [{ order }] = inFlight.splice(at % inFlight.length, 1) as [{ order: number; packetId: number }]
      return [{ type: 'message-done', owner: of, order, wasSent: true }]
    }
    if (waiting.length === 0) return []
    const [order] = waiting.splice(at % waiting.length, 1) as [number]
    return [{ type: 'message-done', owner: of, order, wasSent: false }]
  }
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

const queueOf = (store: Store, of: Owner): Promise<readonly StoredDelivery[]> =>
  new Promise((resolve) => store.readQueue(of, 0, 1_000, resolve))

/** All that a store has, in an order that does not depend on it. */
async function contentsOf(
  store: Store,
  { sessions, groups, retained, wills, lastAliveWall }: StoredState,
): Promise<unknown> {
  const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number => (a[0] < b[0] ? -1 : 1)
  const ofSession = async (
    session: typeof sessions extends Iterable<infer T> ? T : never,
  ): Promise<[string, unknown]> => {
    const { clientId: key, expiryIntervalSec, queueLimit: limit, closedAtWall } = session
    const waiting = await queueOf(store, { kind: 'session', key })
    return [
      key,
      {
        expiryIntervalSec,
        limit,
        closedAtWall,
        subscriptions: [...session.subscriptions]
          .map((entry): [string, unknown] => [entry.topicFilter, entry])
          .toSorted(byKey),
        inFlight: [...session.inFlight],
        length: session.queue.length,
        waiting: waiting.filter(({ order }) => [...session.inFlight].every((sent) => sent.order !== order)),
        incomingQoS2: [...session.incomingQoS2].toSorted((a, b) => a - b),
      },
    ]
  }
  const withMessages = [...groups].filter(({ queue }) => queue.length > 0)
  return {
    sessions: (await Promise.all([...sessions].map(ofSession))).toSorted(byKey),
    groups: await Promise.all(
      withMessages.map(async ({ key, queue }) => [key, queue.length, await queueOf(store, { kind: 'group', key })]),
    ),
    retained: [...retained].map((entry): [string, unknown] => [entry.topicName, entry]).toSorted(byKey),
    wills: [...wills].map((will): [string, unknown] => [will.clientId, will]).toSorted(byKey),
    lastAliveWall,
  }
}

const TABLES_OF_OWNERS: readonly (keyof Tables)[] = [
  'sessions',
  'subscriptions',
  'groups',
  'queued',
  'inFlight',
  'bodies',
  'references',
  'garbage',
]

it(
  'gives back what the store in memory gives back, whatever is written and committed when',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 150, size: 'max' }), async (steps) => {
        await using stores = new LmdbStores()
        const clock = new FakeClock()
        const memory = new MemoryStore()
        let durable = await stores.open(clock)
        await durable.load()
        const script = new Script()
        const opened = SESSIONS.map(
          (id) => ({ do: 'open', clientId: id, expiryIntervalSec: 1, queueLimit: undefined }) as const,
        )
        for (const now of [...opened, ...steps]) {
          for (const record of script.toRecords(now)) {
            memory.append(record)
            durable.append(record)
          }
          if (now.do === 'commit') await new Promise<void>((resolve) => durable.whenDurable(resolve))
          if (now.do === 'reopen') {
            await stores.close()
            durable = await stores.open(clock)
            await durable.load()
          }
        }
        await stores.close()
        durable = await stores.open(clock)
        const [found, expected] = [
          await contentsOf(durable, await durable.load()),
          await contentsOf(memory, await memory.load()),
        ]
        expect(found).toEqual(expected)
        // What ended owners left is cleared away first.
        while (!durable.isIdle) await endOfTurn()
        const inFlight = [...(await memory.load()).sessions].flatMap((session) => [...session.inFlight])
        expect(durable.entriesIn('inFlight')).toBe(inFlight.length)
        // Nothing stays behind when all owners have ended.
        for (const name of SESSIONS) durable.append({ type: 'session-ended', clientId: name })
        for (const group of GROUPS) durable.append({ type: 'group-ended', group })
        while (!durable.isIdle) await endOfTurn()
        expect(TABLES_OF_OWNERS.filter((table) => durable.entriesIn(table) > 0)).toEqual([])
        await stores.close()
      }),
      { numRuns: 100 },
    )
  },
)
