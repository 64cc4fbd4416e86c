// SPDX-License-Identifier: Apache-2.0
import type { BrokerEvents } from '../broker/broker-events.ts'
import { type CloseReason, CloseReasons } from '../broker/close-reason.ts'
import type { Connection } from '../broker/connection.ts'
import type { ListenerInfo } from '../broker/peer.ts'
import { PacketType } from '../codec/packet-type.ts'
import type { DroppedMessage } from '../session/dropped-message.ts'
import { oneLine, shorten } from '../util/one-line.ts'
import { disconnectReason, dropReason, isReported } from './event-texts.ts'
import { LISTENER_NAMES } from './listener-name.ts'
import type { LineTarget } from './main-log.ts'
import { timeStamp, utcDateTime } from './time-stamp.ts'

/** The time stands in the first 24 columns. */
const HEAD_COLUMNS = 24
/** Of a client identifier, a topic or a reason, which may have 64 KiB each. */
const LONGEST_PART = 1024
/** HiveMQ names a group without it. */
const SHARE = '$share/'
/** HiveMQ's word for what is missing. */
const UNKNOWN = 'UNKNOWN'

const PACKET_NAMES: ReadonlyMap<PacketType, string> = new Map(
  Object.entries(PacketType).map(([name, type]) => [type, name]),
)

type ListenerOnPort = Pick<ListenerInfo, 'kind' | 'port'>

/** HiveMQ's event.log: what happens to clients, one line each, in HiveMQ's words. */
export class EventLog implements Required<BrokerEvents> {
  readonly #target: LineTarget
  readonly #wallTime: () => number

  constructor(target: LineTarget, wallTime: () => number) {
    this.#target = target
    this.#wallTime = wallTime
  }

  clientConnected(connection: Connection, cleanStart: boolean): void {
    const { expiryIntervalSec } = connection.session!
    this.#log(`${whoIs(connection)}, Clean Start: ${cleanStart}, Session Expiry: ${expiryIntervalSec} connected.`)
  }

  clientDisconnected(connection: Connection, reason: CloseReason, reasonString: string | undefined): void {
    const who = whoIs(connection)
    switch (reason) {
      case CloseReasons.CLIENT_DISCONNECTED:
      case CloseReasons.CLIENT_DISCONNECTED_WITH_WILL: {
        const given = reasonString === undefined ? '' : ` Reason given by client: ${part(reasonString)}`
        return this.#log(`${who} disconnected gracefully.${given}`)
      }
      case CloseReasons.CONNECTION_LOST: {
        // Of health checks, which open a port and close it, there may be one each second.
        if (connection.clientId === '') return
        const { kind, port } = connection.link.peer.listener
        return this.#log(`${who} disconnected ungracefully from ${LISTENER_NAMES[kind].started} on port: ${port}.`)
      }
      default:
        this.#log(`${who} was disconnected. reason: ${disconnectReason(reason)}.`)
    }
  }

  /** A connection that had not got as far as MQTT. */
  tlsHandshakeFailed(address: string, listener: ListenerOnPort, reason: string, isTimeout: boolean): void {
    const where = `${LISTENER_NAMES[listener.kind].started} on port: ${listener.port}`
    const text = isTimeout
      ? `TLS handshake not finished in time for ${where}`
      : `SSL handshake failed for ${where}: ${part(reason)}`
    this.#log(`Client ID: ${UNKNOWN}, IP: ${address} was disconnected. reason: ${text}.`)
  }

  messageDropped(dropped: DroppedMessage): void {
    if (!isReported(dropped)) return
    const { receiver, topicName, qos } = dropped
    const who = receiver.isSharedGroup
      ? `shared subscription group: ${part(receiver.key.slice(SHARE.length))}`
      : `client: ${part(receiver.clientId)}`
    this.#log(
      `Outgoing publish message was dropped. Receiving ${who}, topic: ${part(topicName)}, qos: ${qos}, ` +
        `reason: ${dropReason(dropped)}.`,
    )
  }

  packetDropped({ clientId }: Connection, type: PacketType, size: number, limit: number): void {
    this.#log(
      `Outgoing MQTT packet was dropped. Receiving client: ${part(clientId)}, messageType: ${PACKET_NAMES.get(type)}, ` +
        `reason: Maximum packet size exceeded, size: ${size} bytes, max: ${limit} bytes.`,
    )
  }

  sessionExpired(clientId: string, atWall: number): void {
    this.#log(
      `Client ID: ${part(clientId)} session has expired at ${utcDateTime(atWall)}. ` +
        'All persistent data for this client has been removed.',
    )
  }

  #log(text: string): void {
    const wallTime = this.#wallTime()
    this.#target.write(eventLine(wallTime, text), wallTime)
  }
}

export function eventLine(wallTime: number, text: string): string {
  return `${timeStamp(wallTime).padEnd(HEAD_COLUMNS)}- ${oneLine(text)}\n`
}

function whoIs({ clientId, link: { peer } }: Connection): string {
  return `Client ID: ${part(clientId)}, IP: ${peer.address}`
}

function part(text: string): string {
  return text === '' ? UNKNOWN : shorten(text, LONGEST_PART)
}
