// SPDX-License-Identifier: Apache-2.0
import type { DropReason } from '../metrics/drop-reason.ts'
import type { Message } from '../session/message.ts'
import type { CloseReason } from './close-reason.ts'
import type { Connection } from './connection.ts'

/**
 * What happens to clients, told to whoever wants to know: event.log, extensions. Called after the fact, from the loop turn in
 * which it happened; must not throw and must not wait.
 */
export interface BrokerEvents {
  /** CONNECT was accepted; CONNACK is sent. */
  clientConnected?(connection: Connection, cleanStart: boolean): void
  /** The end of a connection that had got as far as CONNECT, or further. */
  clientDisconnected?(connection: Connection, reason: CloseReason, reasonString: string | undefined): void
  /** A message that somebody should have got was given up. `receiver` is a client id, or a group's name and filter. */
  messageDropped?(receiver: string, isGroup: boolean, message: Message, reason: DropReason): void
  sessionExpired?(clientId: string, atWall: number): void
}
