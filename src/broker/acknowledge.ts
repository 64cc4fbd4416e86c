// SPDX-License-Identifier: Apache-2.0
import { type AckType, PacketType } from '../codec/packet-type.ts'
import type { ReasonCode } from '../codec/reason-code.ts'
import { writeAckWithReason } from '../session/ack-writer.ts'
import type { Connection } from './connection.ts'
import { ConnectionState } from './connection-state.ts'

/**
 * Answers a packet of the client under its identifier [MQTT-2.2.1-5] [MQTT4-2.3.1-6], now or when what it promises is
 * durable. Answers leave in the order of the packets [MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT4-4.6.0-2] [MQTT4-4.6.0-3], so one
 * that has nothing to wait for still waits for those before it. `isStored`: the store has to keep something of the packet.
 */
export function acknowledge(
  connection: Connection,
  isStored: boolean,
  type: AckType,
  packetId: number,
  reasonCode: ReasonCode,
): void {
  if (!isStored && connection.waitingAcks === 0) {
    writeAckWithReason(connection.broker.metrics, connection.link, type, packetId, reasonCode)
    return
  }
  connection.waitingAcks++
  if (type === PacketType.PUBACK) {
    connection.openPublishes++
    connection.waitingPubacks ??= new Set()
    connection.waitingPubacks.add(packetId)
  }
  connection.broker.store.whenDurable(() => {
    connection.waitingAcks--
    if (type === PacketType.PUBACK) {
      connection.openPublishes--
      connection.waitingPubacks!.delete(packetId)
    }
    if (connection.state === ConnectionState.CONNECTED) {
      writeAckWithReason(connection.broker.metrics, connection.link, type, packetId, reasonCode)
    }
  })
}

/** The same with words, for which there is seldom a reason. */
export function acknowledgeWithText(
  connection: Connection,
  isStored: boolean,
  type: AckType,
  packetId: number,
  reasonCode: ReasonCode,
  text: string,
): void {
  const packet = { type, packetId, reasonCode }
  if (!isStored && connection.waitingAcks === 0) {
    connection.sendWithReason(packet, text)
    return
  }
  connection.waitingAcks++
  connection.broker.store.whenDurable(() => {
    connection.waitingAcks--
    if (connection.state === ConnectionState.CONNECTED) connection.sendWithReason(packet, text)
  })
}
