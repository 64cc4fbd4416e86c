// SPDX-License-Identifier: Apache-2.0
import { Owed } from './letter.ts'
import { ModelGroup } from './model-group.ts'
import { ModelSession } from './model-session.ts'

/** All that the model knows. */
export interface ModelState {
  readonly sessions: Map<string, ModelSession>
  readonly groups: Map<string, ModelGroup>
}

/** The same with objects of its own. Connections are not copied. */
export function copyState(state: ModelState): ModelState {
  const groups = new Map<ModelGroup, ModelGroup>()
  const letters = new Map<Owed, Owed>()
  const copyGroup = (group: ModelGroup): ModelGroup => {
    const copy = groups.get(group) ?? new ModelGroup(group.key)
    groups.set(group, copy)
    return copy
  }
  const copyOwed = (owed: Owed): Owed => {
    const known = letters.get(owed)
    if (known !== undefined) return known
    const { letter, qos, group, isCertain, isDurable } = owed
    const copy = new Owed(letter, qos, group === null ? null : copyGroup(group), isCertain, isDurable)
    letters.set(owed, copy)
    const { state: owedState, packetId, sentAs, isHere, mayCountAsSent } = owed
    return Object.assign(copy, { state: owedState, packetId, sentAs, isHere, mayCountAsSent })
  }
  const copySession = (session: ModelSession): ModelSession => {
    const copy = new ModelSession(session.clientId, session.number, session.expirySec)
    copy.connection = session.connection
    copy.closedAt = session.closedAt
    copy.sent = session.sent
    for (const [filter, qos] of session.subscriptions) copy.subscriptions.set(filter, qos)
    for (const [group, qos] of session.memberships) {
      copy.memberships.set(copyGroup(group), qos)
      copyGroup(group).members.set(copy, qos)
    }
    copy.owed = session.owed.map(copyOwed)
    copy.doubtful = session.doubtful.map(copyOwed)
    for (const [packetId, owed] of session.window) copy.window.set(packetId, copyOwed(owed))
    for (const packetId of session.incoming) copy.incoming.add(packetId)
    return copy
  }
  const sessions = new Map([...state.sessions].map(([clientId, session]) => [clientId, copySession(session)]))
  for (const [group, copy] of groups) {
    copy.owed = group.owed.map(copyOwed)
    copy.doubtful = group.doubtful.map(copyOwed)
    copy.owedNow = group.owedNow.map((owed) => ({ ...owed }))
  }
  return { sessions, groups: new Map([...state.groups].map(([key, group]) => [key, copyGroup(group)])) }
}
