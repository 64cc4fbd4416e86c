// SPDX-License-Identifier: Apache-2.0

/** Control packet types, the high half of the first byte (spec 5.0, 2.1.2). */
export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
} as const
export type PacketType = (typeof PacketType)[keyof typeof PacketType]

/** The four acknowledgements of PUBLISH: one wire form. */
export type AckType =
  typeof PacketType.PUBACK | typeof PacketType.PUBREC | typeof PacketType.PUBREL | typeof PacketType.PUBCOMP

/** Level of assurance of a message. */
export type QoS = 0 | 1 | 2

/**
 * The low half of the first byte, by type [MQTT-2.1.3-1] [MQTT4-2.2.2-1]. PUBREL, SUBSCRIBE and UNSUBSCRIBE carry 2, a
 * left-over of MQTT 3.1, where those three were themselves sent at QoS 1. PUBLISH uses all four bits.
 */
export function fixedFlags(type: number): number {
  return type === PacketType.PUBREL || type === PacketType.SUBSCRIBE || type === PacketType.UNSUBSCRIBE ? 2 : 0
}
