// SPDX-License-Identifier: Apache-2.0
import { isExpired, type Owed } from './letter.ts'
import type { ModelBroker } from './model-broker.ts'
import type { ModelConnection } from './model-connection.ts'
import type { ModelGroup } from './model-group.ts'
import type { ModelSession } from './model-session.ts'

/** The broker has done all it could: what a client can take now must have left. Throws when something has not. */
export function checkSettled(model: ModelBroker, now: number): void {
  for (const session of model.sessions.values()) {
    const { connection } = session
    if (connection !== null && !connection.isServed) throw new Error(`${session.clientId} gets no CONNACK`)
    if (connection !== null && !connection.isBlocked) checkSession(connection, session, now)
    if (connection?.isBlocked !== true) giveUp(session, (owed) => !isDue(owed, now))
  }
  for (const group of model.groups.values()) checkGroup(group, now)
}

function checkSession(connection: ModelConnection, session: ModelSession, now: number): void {
  const { clientId } = session
  if (connection.missing !== undefined) throw new Error(`${clientId} misses ${JSON.stringify(connection.missing)}`)
  const lostNow = session.owedNow[0]
  if (lostNow !== undefined) throw new Error(`${clientId} does not get message ${lostNow.letter.number} with QoS 0`)
  if (!session.hasRoom) return
  const late = session.owed.find((owed) => owed.mustLeave(now))
  if (late !== undefined) throw new Error(`${clientId} does not get message ${late.letter.number}`)
  const again = [...session.window.values()].find(({ isHere }) => !isHere)
  if (again !== undefined)
    throw new Error(`${clientId} does not get ${again.state} message ${again.letter.number} again`)
  // All that could be sent was: what has not been was given up.
  giveUp(session, ({ state }) => state === 'waiting')
}

function checkGroup(group: ModelGroup, now: number): void {
  if (group.isUnclear) return
  const lostNow = group.owedNow.find(({ isCertain }) => isCertain)
  if (lostNow !== undefined) throw new Error(`nobody of ${group.key} gets message ${lostNow.letter.number} with QoS 0`)
  giveUp(group, (owed) => !isDue(owed, now))
  if (![...group.members.keys()].some((member) => member.hasRoom)) return
  const late = group.owed.find((owed) => owed.mustLeave(now))
  if (late !== undefined) throw new Error(`nobody of ${group.key} gets message ${late.letter.number}`)
  giveUp(group, ({ state }) => state === 'waiting')
  group.owedNow = []
}

/** What has expired before it was sent is not owed any more. */
function isDue(owed: Owed, now: number): boolean {
  return owed.state !== 'waiting' || owed.mayCountAsSent || !isExpired(owed.letter, now)
}

function giveUp(owner: ModelSession | ModelGroup, isGivenUp: (owed: Owed) => boolean): void {
  const givenUp = owner.owed.filter(isGivenUp)
  owner.owed = owner.owed.filter((owed) => !isGivenUp(owed))
  owner.doubtful.push(...givenUp.filter(({ letter }) => letter.copies.count > 1))
}
