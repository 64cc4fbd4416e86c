// SPDX-License-Identifier: Apache-2.0
import type { PacketType } from '../codec/packet-type.ts'
import type { DroppedMessage } from '../session/dropped-message.ts'
import type { Ledger } from '../session/ledger.ts'
import type { BrokerEvents } from './broker-events.ts'
import type { CloseReason } from './close-reason.ts'
import type { Connection } from './connection.ts'

/** All who want to know what happens to clients, in the order in which they came. */
export class EventListeners implements Required<BrokerEvents> {
  readonly #listeners: BrokerEvents[] = []
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  add(listener: BrokerEvents): void {
    this.#listeners.push(listener)
    // Drops come by the hundred thousand in a bad second: they are told only where somebody wants them.
    if (listener.messageDropped !== undefined) this.#ledger.dropListener = this
  }

  clientConnected(connection: Connection, cleanStart: boolean): void {
    for (const listener of this.#listeners) listener.clientConnected?.(connection, cleanStart)
  }

  clientDisconnected(connection: Connection, reason: CloseReason, reasonString: string | undefined): void {
    for (const listener of this.#listeners) listener.clientDisconnected?.(connection, reason, reasonString)
  }

  messageDropped(dropped: DroppedMessage): void {
    for (const listener of this.#listeners) listener.messageDropped?.(dropped)
  }

  packetDropped(connection: Connection, type: PacketType, size: number, limit: number): void {
    for (const listener of this.#listeners) listener.packetDropped?.(connection, type, size, limit)
  }

  sessionExpired(clientId: string, atWall: number): void {
    for (const listener of this.#listeners) listener.sessionExpired?.(clientId, atWall)
  }
}
