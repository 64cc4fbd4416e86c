// SPDX-License-Identifier: Apache-2.0
import type { Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { FIRST_ERROR, isReasonCodeOf } from '../../../src/codec/reason-code.ts'

/** What only a client may send. */
const CLIENT_TYPES: ReadonlySet<PacketType> = new Set([
  PacketType.CONNECT,
  PacketType.SUBSCRIBE,
  PacketType.UNSUBSCRIBE,
  PacketType.PINGREQ,
])
/** Where a reason string may stand for a client that wants none [MQTT-3.1.2-29]. */
const MAY_EXPLAIN: ReadonlySet<PacketType> = new Set([PacketType.CONNACK, PacketType.DISCONNECT, PacketType.PUBLISH])

/** Throws when a well-formed packet is none that a server may send to this client. */
export function checkServerPacket(packet: Packet, version: ProtocolVersion, isProblemInformationWanted: boolean): void {
  const isVersion5 = version === ProtocolVersion.V5
  if (CLIENT_TYPES.has(packet.type)) throw new Error(`a server does not send packet type ${packet.type}`)
  if ('properties' in packet && packet.properties !== undefined) {
    const { reasonString, userProperties } = packet.properties
    const isExplained = reasonString !== undefined || userProperties !== undefined
    if (isExplained && !isProblemInformationWanted && !MAY_EXPLAIN.has(packet.type)) {
      throw new Error(`packet type ${packet.type} explains itself to a client that does not want it`)
    }
  }
  switch (packet.type) {
    case PacketType.PUBLISH:
      if (packet.topicName === '' || /[#+]/.test(packet.topicName)) throw new Error(`topic name ${packet.topicName}`)
      if (packet.properties?.topicAlias !== undefined) throw new Error('a topic alias that the client does not allow')
      return
    case PacketType.DISCONNECT:
      if (!isVersion5 || packet.reasonCode < FIRST_ERROR) throw new Error(`DISCONNECT with ${packet.reasonCode}`)
      return
    case PacketType.AUTH:
      throw new Error('AUTH without an authenticator')
    case PacketType.CONNACK:
      if (packet.sessionPresent && (packet.reasonCode !== 0 || version === ProtocolVersion.V3_1)) {
        throw new Error('CONNACK with Session Present')
      }
      return
    case PacketType.SUBACK:
      for (const code of packet.reasonCodes) {
        const isKnown = isVersion5 ? isReasonCodeOf(PacketType.SUBACK, code) : code <= 2 || code === 0x80
        if (!isKnown || (version === ProtocolVersion.V3_1 && code === 0x80)) throw new Error(`SUBACK with ${code}`)
      }
      return
    default:
  }
}
