// SPDX-License-Identifier: Apache-2.0
import { decodeAuth } from '../codec/auth.ts'
import { Fault, Faults } from '../codec/fault.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import { pump } from '../session/pump.ts'
import { AuthExchange, sendAuth } from './auth-exchange.ts'
import { CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import type { Admission } from './extension-hooks.ts'
import { MAX_INFLIGHT_WINDOW } from './settings.ts'

/** AUTH of a client that is connected: it authenticates anew, or goes on with it. */
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
  const { authExchange, extensions } = connection
  const isDue = authExchange !== null || packet.reasonCode === ReasonCode.REAUTHENTICATE
  if (!isDue) return CloseReasons.AUTH_UNEXPECTED // [MQTT-4.12.0-3]
  // [MQTT-4.12.1-1]
  if (packet.properties.authenticationMethod !== connection.authenticationMethod) {
    return CloseReasons.AUTHENTICATION_METHOD_CHANGED
  }
  if (authExchange !== null) return authExchange.continue(packet)
  if (extensions === null) return CloseReasons.REAUTHENTICATION_REFUSED // [MQTT-4.12.1-2]
  const exchange = new AuthExchange(connection, (outcome) => {
    if ('refusal' in outcome) return outcome.refusal // [MQTT-4.12.1-2]
    return welcomeAnew(connection, outcome)
  })
  return exchange.begin((answer) => extensions.reauthenticate(packet, answer))
}

function welcomeAnew(connection: Connection, admission: Admission): Fault | null {
  const { authenticationData, userProperties, receiveMaximum, queueLimit, authorizer } = admission
  const session = connection.session!
  connection.authorizer = authorizer
  if (Number.isFinite(receiveMaximum)) {
    session.window.limit = Math.min(connection.receiveMaximum, receiveMaximum, MAX_INFLIGHT_WINDOW)
  }
  if (queueLimit !== undefined) connection.broker.sessions.limitQueue(session, queueLimit)
  const properties = { ...(authenticationData && { authenticationData }), userProperties }
  if (!sendAuth(connection, ReasonCode.SUCCESS, properties)) return CloseReasons.ANSWER_TOO_LARGE
  pump(connection.broker.ledger, session)
  return null
}

function nameOf(reasonCode: ReasonCode): string {
  return Object.entries(ReasonCode).find(([, code]) => code === reasonCode)![0]
}
