// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import type { Broker } from '../../../src/broker/broker.ts'
import type { FakeClock } from '../fake-clock.ts'

/** Throws when a broker without clients still holds something. */
export async function checkCleared(broker: Broker, clock: FakeClock): Promise<void> {
  const { sessions, groups, retained, wills } = await broker.store.load()
  const left = {
    connections: broker.connections.size,
    connected: broker.metrics.connections,
    lingering: broker.lingering,
    sessions: broker.sessions.size,
    subscriptions: broker.subscriptions.size,
    retained: broker.retained.size,
    aliasBytes: broker.aliasBytes,
    timers: broker.wheel.size,
    alarms: clock.alarms,
    storedSessions: [...sessions].length,
    storedGroups: [...groups].length,
    storedRetained: [...retained].length,
    storedWills: [...wills].length,
  }
  const nothing = Object.fromEntries(Object.keys(left).map((name) => [name, 0]))
  if (!isDeepStrictEqual(left, nothing)) throw new Error(`something is left behind: ${JSON.stringify(left)}`)
}
