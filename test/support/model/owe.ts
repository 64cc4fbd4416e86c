// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import { matches } from '../naive-match.ts'
import { type Letter, Owed } from './letter.ts'
import type { ModelBroker } from './model-broker.ts'
import type { ModelGroup } from './model-group.ts'
import type { ModelSession } from './model-session.ts'

interface Stored {
  readonly mustBeStored: boolean
}

const NOTHING_STORED: Stored = { mustBeStored: false }

/** Notes who has to get a letter that has arrived. Returns for each of them whether something must be stored. */
export function owe(model: ModelBroker, letter: Letter): Stored[] {
  const recipients: Stored[] = []
  for (const session of model.sessions.values()) {
    const granted = session.grantedFor(letter.topicName)
    if (granted === null) continue
    const qos = Math.min(granted, letter.qos) as QoS // [MQTT-3.8.4-8] [MQTT4-3.8.4-6]
    if (qos > 0) recipients.push(oweToSession(model, session, letter, qos))
    else {
      recipients.push(NOTHING_STORED)
      if (session.connection?.isServed === true) session.owedNow.push({ letter, isCertain: true })
    }
  }
  for (const group of model.groups.values()) {
    if (matches(group.filter, letter.topicName)) recipients.push(oweToGroup(model, group, letter))
  }
  return recipients
}

function oweToSession(model: ModelBroker, session: ModelSession, letter: Letter, qos: QoS): Stored {
  const now = model.now()
  const goesNow = !model.isHeld && session.hasRoom && !session.hasBacklog(now)
  // What waits for the store is in flight for the broker, and does not expire any more.
  const backlog = session.backlog(model.isHeld ? Number.NEGATIVE_INFINITY : now)
  const isFull = !goesNow && backlog >= model.limits.maxQueueSize
  if (isFull && model.limits.strategy === 'discard-oldest') doubtWaiting(session.owed)
  const isDurable = session.expirySec > 0
  session.owed.push(new Owed(letter, qos, null, !isFull, isDurable))
  return { mustBeStored: isDurable && !isFull }
}

function oweToGroup(model: ModelBroker, group: ModelGroup, letter: Letter): Stored {
  if (letter.qos === 0) {
    group.owedNow.push({ letter, isCertain: group.isOnline && !group.isUnclear })
    return NOTHING_STORED
  }
  const backlog = group.backlog(model.now())
  const goesNow = !model.isHeld && backlog === 0 && [...group.members.keys()].some((member) => member.hasRoom)
  const isFull = !goesNow && backlog >= model.limits.maxQueueSize
  if (isFull && model.limits.strategy === 'discard-oldest') doubtWaiting(group.owed)
  group.owed.push(new Owed(letter, 1, group, !isFull, group.isPersistent))
  return { mustBeStored: group.isPersistent && !group.grantsQoS0 && !isFull }
}

/** The oldest of them goes, and which ones a full queue holds is not known exactly. */
function doubtWaiting(all: readonly Owed[]): void {
  for (const owed of all) if (owed.state === 'waiting') owed.isCertain = false
}
