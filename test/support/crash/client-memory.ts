// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'

/** A QoS 1 or 2 message that a client has published and that is not done. */
export interface Outgoing {
  readonly packetId: number
  readonly topicName: string
  readonly text: string
  /** So many bytes stand behind the text. */
  readonly padding: number
  readonly qos: QoS
  readonly retain: boolean
  /** PUBREC has come. */
  isReceived: boolean
}

/** What a client keeps across connections. Plain data: a copy of it is the client as it was at that moment. */
export interface ClientMemory {
  readonly clientId: string
  readonly version: ProtocolVersion
  /** CONNACK came for a session that outlives the connection. */
  hasSession: boolean
  lastPacketId: number
  outgoing: Outgoing[]
  /** Identifiers of QoS 2 messages that it has got and that were not released. */
  readonly incoming: Set<number>
}

export function newClient(clientId: string, version: ProtocolVersion): ClientMemory {
  return { clientId, version, hasSession: false, lastPacketId: 0, outgoing: [], incoming: new Set() }
}
