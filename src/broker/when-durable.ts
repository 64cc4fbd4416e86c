// SPDX-License-Identifier: Apache-2.0
import type { Connection } from './connection.ts'
import { ConnectionState } from './connection-state.ts'

/**
 * Goes on with a packet of the client when everything appended so far is durable; at once where nothing has to be. Until
 * then no further packet of this client is handled, as in HiveMQ: what follows a SUBSCRIBE sees it in force.
 */
export function whenDurable(connection: Connection, isStored: boolean, proceed: () => void): void {
  if (!isStored && connection.waitingAcks === 0) return proceed()
  let isDurable = false
  let isHeld = false
  connection.broker.store.whenDurable(() => {
    isDurable = true
    if (!isHeld) return
    connection.waitingAcks--
    if (connection.state === ConnectionState.CLOSED) return
    // What comes next may wait in turn, for an extension.
    connection.input.releaseAfter(proceed)
  })
  if (isDurable) return proceed()
  isHeld = true
  connection.waitingAcks++
  connection.input.hold()
}
