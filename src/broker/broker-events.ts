// SPDX-License-Identifier: Apache-2.0
import type { PacketType } from '../codec/packet-type.ts'
import type { DroppedMessage } from '../session/dropped-message.ts'
import type { CloseReason } from './close-reason.ts'
import type { Connection } from './connection.ts'

/**
 * What happens to clients, told to whoever wants to know: event.log, extensions. Called after the fact, from the loop turn in
 * which it happened; must not throw and must not wait.
 */
export interface BrokerEvents {
  /** CONNECT was accepted; CONNACK is sent. */
  clientConnected?(connection: Connection, cleanStart: boolean): void
  /**
   * The end of a connection, also of one that was refused or had sent nothing: then its client identifier is empty, or it was
   * never told to `clientConnected`. `reasonString` is the client's, from its DISCONNECT.
   */
  clientDisconnected?(connection: Connection, reason: CloseReason, reasonString: string | undefined): void
  messageDropped?(dropped: DroppedMessage): void
  /** A packet other than PUBLISH is larger than the client takes. */
  packetDropped?(connection: Connection, type: PacketType, size: number, limit: number): void
  /** A session has ended because its client stayed away; not one that ends with its connection, or that Clean Start ends. */
  sessionExpired?(clientId: string, atWall: number): void
}
