// SPDX-License-Identifier: Apache-2.0
import type { Ack } from '../codec/ack.ts'
import type { Ping } from '../codec/packet.ts'
import { type AckType, PacketType } from '../codec/packet-type.ts'
import { FIRST_ERROR, isReasonCodeOf, type ReasonCode } from '../codec/reason-code.ts'
import type { AckPacket } from '../extension-sdk/packets.ts'
import { expectValue } from './given-values.ts'
import {
  type InterceptorName,
  modifierOf,
  type PacketKind,
  takeReasonString,
  takeUserProperties,
} from './packet-kind.ts'

const words = { reasonString: takeReasonString, userProperties: takeUserProperties }

const modifyWords = modifierOf<Ack>(words)

const modifyOutcome = modifierOf<Ack>({
  ...words,
  reasonCode(packet, given) {
    const isCode = typeof given === 'number' && isReasonCodeOf(packet.type, given)
    expectValue(isCode, 'reasonCode', given, 'a reason code of this packet')
    const isSameKind = given >= FIRST_ERROR === packet.reasonCode >= FIRST_ERROR
    expectValue(isSameKind, 'reasonCode', given, 'a success or an error, as it was')
    return { ...packet, reasonCode: given }
  },
})

function toView({ packetId, reasonCode, properties }: Ack): AckPacket {
  return {
    packetId,
    reasonCode: reasonCode as ReasonCode,
    reasonString: properties?.reasonString,
    userProperties: properties?.userProperties ?? [],
  }
}

function ackKind(name: InterceptorName, type: AckType): PacketKind<Ack> {
  const hasOutcome = type === PacketType.PUBACK || type === PacketType.PUBREC
  const modify = hasOutcome ? modifyOutcome : modifyWords
  return { name, type, isStoppedByFailure: false, isPreventable: false, toView, modify }
}

function pingKind(name: InterceptorName, type: Ping['type']): PacketKind<Ping> {
  return {
    name,
    type,
    isStoppedByFailure: false,
    isPreventable: false,
    toView: () => ({}),
    modify: modifierOf({}),
  }
}

export const inboundAcks: readonly PacketKind[] = [
  ackKind('pubackInbound', PacketType.PUBACK),
  ackKind('pubrecInbound', PacketType.PUBREC),
  ackKind('pubrelInbound', PacketType.PUBREL),
  ackKind('pubcompInbound', PacketType.PUBCOMP),
  pingKind('pingReqInbound', PacketType.PINGREQ),
]

export const outboundAcks: readonly PacketKind[] = [
  ackKind('pubackOutbound', PacketType.PUBACK),
  ackKind('pubrecOutbound', PacketType.PUBREC),
  ackKind('pubrelOutbound', PacketType.PUBREL),
  ackKind('pubcompOutbound', PacketType.PUBCOMP),
  pingKind('pingRespOutbound', PacketType.PINGRESP),
]
