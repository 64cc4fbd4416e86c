// SPDX-License-Identifier: Apache-2.0
import { decodeDisconnect } from '../codec/disconnect.ts'
import { Fault } from '../codec/fault.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'

/**
 * The client leaves. With reason code 0 its will is dropped [MQTT-3.14.4-3] [MQTT4-3.14.4-3], with any other it is published
 * (spec 5.0, 3.14.2.1). Nothing that follows is read.
 */
export function handleDisconnect(
  connection: Connection,
  firstByte: number,
  buffer: Buffer,
  start: number,
  end: number,
): Fault | null {
  const { broker } = connection
  const packet = decodeDisconnect(firstByte & 0x0f, buffer, start, end, connection.version, broker.limits)
  if (packet instanceof Fault) return packet
  const expiry = packet.properties?.sessionExpiryInterval
  if (expiry !== undefined) {
    // Such a DISCONNECT is void: the will stays (spec 5.0, 3.14.2.2.2).
    if (expiry > 0 && connection.requestedSessionExpirySec === 0) return CloseReasons.SESSION_EXPIRY_RAISED
    connection.session!.expiryIntervalSec = Math.min(expiry, broker.settings.sessionExpiryMaxInterval)
  }
  const isNormal = packet.reasonCode === ReasonCode.NORMAL_DISCONNECTION
  const reason = isNormal ? CloseReasons.CLIENT_DISCONNECTED : CloseReasons.CLIENT_DISCONNECTED_WITH_WILL
  connection.closeQuietly(reason, packet)
  return null
}
