// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from '../codec/fault.ts'
import { PacketType, type QoS } from '../codec/packet-type.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import { handleAck } from './handle-ack.ts'
import { handleAuth } from './handle-auth.ts'
import { handleDisconnect } from './handle-disconnect.ts'
import { handlePingreq } from './handle-pingreq.ts'
import { handlePublish } from './handle-publish.ts'
import { handleSubscribe } from './handle-subscribe.ts'
import { handleUnsubscribe } from './handle-unsubscribe.ts'

/**
 * A whole packet of a client that is connected, by its type. `onwardQoS`: that of a message that extensions have given another
 * one than its publisher.
 */
export function handlePacket(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  bodyStart: number,
  end: number,
  onwardQoS: QoS | null = null,
): Fault | null {
  switch (firstByte >> 4) {
    case PacketType.PUBLISH: {
      const fault = handlePublish(connection, firstByte, buffer, start, bodyStart, end, onwardQoS)
      connection.broker.view.release()
      connection.publishedBytes += end - start
      connection.input.countPublish()
      return fault
    }
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return handleAck(connection, firstByte, buffer, bodyStart, end)
    case PacketType.SUBSCRIBE:
      return handleSubscribe(connection, firstByte, buffer, bodyStart, end)
    case PacketType.UNSUBSCRIBE:
      return handleUnsubscribe(connection, firstByte, buffer, bodyStart, end)
    case PacketType.PINGREQ:
      return handlePingreq(connection, firstByte, bodyStart, end)
    case PacketType.DISCONNECT:
      return handleDisconnect(connection, firstByte, buffer, bodyStart, end)
    case PacketType.AUTH:
      return handleAuth(connection, firstByte, buffer, bodyStart, end)
    case PacketType.CONNECT:
      return CloseReasons.SECOND_CONNECT // [MQTT-3.1.0-2] [MQTT4-3.1.0-2]
    case 0:
      return Faults.FORBIDDEN_PACKET_TYPE
    default:
      return Faults.UNEXPECTED_DIRECTION
  }
}
