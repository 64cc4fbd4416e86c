// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../codec/fault.ts'
import type { ReasonCode } from '../codec/reason-code.ts'
import type { Session } from '../session/session.ts'
import type { Broker } from './broker.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'

// What is done to clients by others than themselves.

/** Why, as the client is told; unless given, it is an administrative action. */
export interface Dismissal {
  readonly reasonCode?: ReasonCode | undefined
  readonly text?: string | undefined
  /** Its will is not published. */
  readonly isWillDropped?: boolean | undefined
}

/** Ends the connection of a client. False if it has none. */
export function disconnectClient(broker: Broker, session: Session, dismissal: Dismissal = {}): boolean {
  // Sessions are held by connections and by nothing else.
  const connection = session.holder as Connection | null
  if (connection === null) return false
  const { name, reasonCode, text, specId } = CloseReasons.ADMINISTRATIVE_ACTION
  if (dismissal.isWillDropped === true) broker.wills.cancel(session)
  connection.close(new Fault(name, dismissal.reasonCode ?? reasonCode, dismissal.text ?? text, specId))
  return true
}

/** Ends a session with all that is in it, and its connection: true if it had one. */
export function invalidateSession(broker: Broker, session: Session): boolean {
  // It ends with its connection now.
  session.expiryIntervalSec = 0
  const wasConnected = disconnectClient(broker, session)
  if (!wasConnected) broker.sessions.end(session)
  return wasConnected
}
