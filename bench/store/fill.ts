// SPDX-License-Identifier: Apache-2.0
import { Metrics } from '../../src/metrics/metrics.ts'
import type { ChangeRecord, StoredMessage } from '../../src/store/change-record.ts'
import { openLmdbStore } from '../../src/store/lmdb/open-lmdb-store.ts'
import { DEFAULT_PERSISTENCE } from '../../src/store/persistence-settings.ts'
import { systemClock } from '../../src/util/clock.ts'

// Fills the store in a folder: fill.ts <folder> <sessions>. For each session it writes three subscriptions, a retained message
// and ten queued ones; those wait in the queues of every tenth session. Through the store's own interface: over the network
// it would take minutes.

const QUEUED_PER_SESSION = 10
const QUEUE_LENGTH = 100
/** Records that are committed together. */
const BATCH = 20_000
const NOTHING = Buffer.alloc(0)
const PAYLOAD = Buffer.alloc(128, '{"value":21.5,"timestamp_ms":1700000000000}')
const NEVER = 0xffff_ffff

const [folder, sessions] = process.argv.slice(2)
await fill(folder!, Number(sessions))

async function fill(path: string, count: number): Promise<void> {
  const onFailed = (error: unknown): never => {
    throw error
  }
  const { store } = await openLmdbStore(path, {
    settings: DEFAULT_PERSISTENCE,
    clock: systemClock,
    metrics: new Metrics(),
    onTrouble: (error) => error !== null && onFailed(error),
    onBudget: () => undefined,
    onFailed,
    onFault: onFailed,
  })
  await store.load()
  for (const record of recordsOf(count)) {
    store.append(record)
    if (store.appended % BATCH === 0) await new Promise<void>((resolve) => store.whenDurable(resolve))
  }
  await store.close()
}

function* recordsOf(sessionCount: number): Generator<ChangeRecord> {
  for (let session = 0; session < sessionCount; session++) {
    const clientId = `bench-stored-${session}`
    yield { type: 'session-opened', clientId, expiryIntervalSec: NEVER, openedAtWall: Date.now() }
    for (const topicFilter of filtersOf(session)) {
      const subscription = { topicFilter, qos: 1, noLocal: false, retainAsPublished: false, identifier: 0 } as const
      yield { type: 'subscribed', clientId, subscription }
    }
    yield { type: 'session-closed', clientId, expiryIntervalSec: NEVER, closedAtWall: Date.now() }
    yield { type: 'retained-set', message: messageOf(`${deviceOf(session)}/state`, true) }
  }
  const queues = Math.ceil((sessionCount * QUEUED_PER_SESSION) / QUEUE_LENGTH)
  for (let queue = 0; queue < queues; queue++) {
    const session = queue * (QUEUE_LENGTH / QUEUED_PER_SESSION)
    const owner = { kind: 'session', key: `bench-stored-${session}` } as const
    for (let order = 1; order <= QUEUE_LENGTH; order++) {
      const message = messageOf(`${deviceOf(session)}/command`, false)
      yield { type: 'message-queued', owner, order, message, qos: 1, retain: false, identifiers: [] }
    }
  }
}

/** A topic of its own, one with a wildcard, and one that it shares with the thousand devices of its site. */
function filtersOf(session: number): string[] {
  return [`${deviceOf(session)}/command`, `${deviceOf(session)}/config/+`, `${siteOf(session)}/all/#`]
}

function siteOf(session: number): string {
  return `site-${Math.floor(session / 1000)}`
}

function deviceOf(session: number): string {
  return `${siteOf(session)}/line-${session % 10}/device-${session}`
}

function messageOf(topicName: string, retain: boolean): StoredMessage {
  return {
    topicName,
    payload: PAYLOAD,
    properties: NOTHING,
    qos: 1,
    retain,
    messageExpiryInterval: Number.POSITIVE_INFINITY,
    receivedAtWall: Date.now(),
    receivedAt: systemClock.now(),
    epoch: systemClock.epoch,
  }
}
