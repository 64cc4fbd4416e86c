// SPDX-License-Identifier: Apache-2.0
import { decodeAuth } from '../codec/auth.ts'
import { Fault, Faults } from '../codec/fault.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'

/** Re-authentication of a connected client. There is no enhanced authenticator yet, so it is always refused. */
export function handleAuth(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
): Fault | null {
  if (!connection.isVersion5) return Faults.FORBIDDEN_PACKET_TYPE // a reserved type before MQTT 5
  if (connection.authenticationMethod === undefined) return CloseReasons.AUTH_WITHOUT_METHOD // [MQTT-4.12.0-7]
  const packet = decodeAuth(firstByte & 0x0f, buffer, start, end, connection.broker.limits)
  if (packet instanceof Fault) return packet
  const { broker, clientId, link } = connection
  // HiveMQ's words, and like there in the main log, not in event.log.
  broker.logger.debug(
    `Received AUTH from Client ID: ${clientId}, IP: ${link.peer.address}, reason code: ${nameOf(packet.reasonCode)}.`,
  )
  if (packet.reasonCode !== ReasonCode.REAUTHENTICATE) return CloseReasons.AUTH_UNEXPECTED // [MQTT-4.12.0-3]
  // [MQTT-4.12.1-1]
  if (packet.properties.authenticationMethod !== connection.authenticationMethod) {
    return CloseReasons.AUTHENTICATION_METHOD_CHANGED
  }
  return CloseReasons.REAUTHENTICATION_REFUSED // [MQTT-4.12.1-2]
}

function nameOf(reasonCode: ReasonCode): string {
  return Object.entries(ReasonCode).find(([, code]) => code === reasonCode)![0]
}
