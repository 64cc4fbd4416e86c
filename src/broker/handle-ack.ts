// SPDX-License-Identifier: Apache-2.0
import { ACK_FIRST_BYTE, decodeAck } from '../codec/ack.ts'
import { Fault, Faults } from '../codec/fault.ts'
import { type AckType, PacketType } from '../codec/packet-type.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { onPuback, onPubcomp, onPubrec } from '../session/acknowledge.ts'
import { acknowledge } from './acknowledge.ts'
import type { Connection } from './connection.ts'

/**
 * PUBACK, PUBREC and PUBCOMP answer to messages that the client got, PUBREL to one that it sent. Nearly all of them are four
 * bytes, which are taken without decoding.
 */
export function handleAck(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
): Fault | null {
  const type = (firstByte >> 4) as AckType
  if (end - start === 2 && firstByte === ACK_FIRST_BYTE[type]) {
    const packetId = (buffer[start]! << 8) | buffer[start + 1]!
    if (packetId === 0) return Faults.PACKET_ID_ZERO // [MQTT-2.2.1-3]
    return handle(connection, type, packetId, ReasonCode.SUCCESS)
  }
  const { broker, version } = connection
  const packet = decodeAck(type, firstByte & 0x0f, buffer, start, end, version, broker.limits)
  if (packet instanceof Fault) return packet
  return handle(connection, type, packet.packetId, packet.reasonCode)
}

function handle(connection: Connection, type: AckType, packetId: number, reasonCode: number): Fault | null {
  const { ledger } = connection.broker
  const session = connection.session!
  switch (type) {
    case PacketType.PUBACK:
      return onPuback(ledger, session, packetId)
    case PacketType.PUBREC:
      return onPubrec(ledger, session, connection, packetId, reasonCode)
    case PacketType.PUBCOMP:
      return onPubcomp(ledger, session, packetId)
    case PacketType.PUBREL:
      handlePubrel(connection, packetId)
      return null
  }
}

/**
 * The client lets go of the identifier of a QoS 2 message; it is answered with PUBCOMP [MQTT-4.3.3-11] [MQTT4-4.3.3-2], also
 * when the identifier is not known: the client may ask again because it missed the first answer. What has become of the
 * message, expired for one, does not matter [MQTT-4.3.3-13].
 */
function handlePubrel(connection: Connection, packetId: number): void {
  const { broker } = connection
  const { incomingQoS2, clientId, isStored } = connection.session!
  const lastSeenOn = incomingQoS2?.get(packetId)
  if (lastSeenOn === undefined) {
    const reason = connection.isVersion5 ? ReasonCode.PACKET_IDENTIFIER_NOT_FOUND : ReasonCode.SUCCESS // spec 3.7.2.1
    acknowledge(connection, false, PacketType.PUBCOMP, packetId, reason)
    return
  }
  incomingQoS2!.delete(packetId) // [MQTT-4.3.3-12]
  if (lastSeenOn === connection) connection.openPublishes--
  if (isStored) broker.store.append({ type: 'incoming-qos2-released', clientId, packetId })
  acknowledge(connection, isStored, PacketType.PUBCOMP, packetId, ReasonCode.SUCCESS)
}
