// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../../src/codec/fault.ts'
import { FrameReader } from '../../src/codec/frame-reader.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/codec/packet.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { Connection } from './connection.ts'
import { loginOf } from './login.ts'

const MAX_PACKET_SIZE = 1024 * 1024
/** Receive Maximum of a broker that names none (spec 5.0, 3.2.2.3.3), and of those before MQTT 5. */
const DEFAULT_RECEIVE_MAXIMUM = 65_535
/** Session Expiry Interval (spec 5.0, 3.1.2.11.2). */
const NEVER = 0xffff_ffff

export interface EstablishedConnection {
  readonly connection: Connection
  /** What the broker takes of QoS 1 and 2 messages without having acknowledged them. */
  readonly receiveMaximum: number
}

/** Connects with no keep alive and, unless the session is to outlive the connection, a clean session. */
export async function establish(
  port: number,
  clientId: string,
  version: ProtocolVersion,
  isPersistent = false,
): Promise<EstablishedConnection> {
  const connection = new Connection(port)
  connection.write(encodeConnect(clientId, version, isPersistent))
  const connack = await nextPacket(connection, version)
  if (connack.type !== PacketType.CONNACK) throw new Error(`broker answered CONNECT with packet type ${connack.type}`)
  if (connack.reasonCode !== 0) throw new Error(`broker refused the connection with code ${connack.reasonCode}`)
  return { connection, receiveMaximum: connack.properties?.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM }
}

export function encodeConnect(clientId: string, version: ProtocolVersion, isPersistent: boolean): Buffer {
  const connect = {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: !isPersistent,
    keepAliveSec: 0,
    clientId,
    ...loginOf(clientId),
    properties: isPersistent && version === ProtocolVersion.V5 ? { sessionExpiryInterval: NEVER } : {},
  }
  return encodePacket(connect, version)
}

/** Ends a client's session, if it has one. */
export async function forgetSession(port: number, clientId: string, version: ProtocolVersion): Promise<void> {
  const { connection } = await establish(port, clientId, version)
  await disconnect(connection, version)
}

export async function subscribe(
  connection: Connection,
  topicFilter: string,
  qos: QoS,
  version: ProtocolVersion,
): Promise<void> {
  const request = { topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  connection.write(encodePacket({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions: [request] }, version))
  const suback = await nextPacket(connection, version)
  if (suback.type !== PacketType.SUBACK) throw new Error(`broker answered SUBSCRIBE with packet type ${suback.type}`)
  if (suback.reasonCodes[0] !== qos) throw new Error(`broker granted ${suback.reasonCodes[0]} instead of QoS ${qos}`)
}

/** Speaks for the last time before the broker closes the connection. */
export function disconnect(connection: Connection, version: ProtocolVersion): Promise<void> {
  return connection.endWith(encodePacket({ type: PacketType.DISCONNECT, reasonCode: 0 }, version))
}

function nextPacket(connection: Connection, version: ProtocolVersion): Promise<Packet> {
  return new Promise((resolve, reject) => {
    const onPacket = (packet: Packet | Fault): void => {
      if (packet instanceof Fault) reject(new Error(`broker's packet cannot be read: ${packet.text}`))
      else resolve(packet)
    }
    const sink = {
      onFrame: (firstByte: number, buffer: Buffer, _start: number, bodyStart: number, end: number) =>
        onPacket(decodePacket(firstByte, buffer, bodyStart, end, version)),
      onFrameFault: (_firstByte: number, fault: Fault) => onPacket(fault),
    }
    const reader = new FrameReader(sink, MAX_PACKET_SIZE, false)
    connection.onBytes = (buffer, length) => reader.push(buffer, length)
    connection.onLost = (reason) => reject(new Error(`connection lost: ${reason}`))
  })
}
