// SPDX-License-Identifier: Apache-2.0
import type { Packet } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'

/** A packet in its bytes, in the notation of test/support/bytes.ts, one field of the wire to a group. */
export interface PacketCase {
  readonly name: string
  readonly version: ProtocolVersion
  readonly bytes: string
  readonly packet: Packet
  /** Another form of the packet is the one that we write. */
  readonly isOnlyRead?: boolean
}

const { V3_1, V3_1_1, V5 } = ProtocolVersion

export const VALID_PACKETS: readonly PacketCase[] = [
  {
    name: 'CONNECT 3.1, persistent',
    version: V3_1,
    //       type RL  name       level flags keep alive  client id
    bytes: `10   RL  s'MQIsdp'  03    00    003C        s'id'`,
    packet: {
      type: PacketType.CONNECT,
      protocolVersion: V3_1,
      cleanStart: false,
      keepAliveSec: 60,
      clientId: 'id',
      properties: {},
    },
  },
  {
    name: 'CONNECT 3.1.1 with everything',
    version: V3_1_1,
    //       type RL  name     level flags keep alive  client id  will topic  will payload  user name  password
    bytes: `10   RL  s'MQTT'  04    EE    0000        s'id'      s'w/t'      s'gone'       s'user'    s'pass'`,
    packet: {
      type: PacketType.CONNECT,
      protocolVersion: V3_1_1,
      cleanStart: true,
      keepAliveSec: 0,
      clientId: 'id',
      will: { topicName: 'w/t', payload: Buffer.from('gone'), qos: 1, retain: true, properties: {} },
      userName: 'user',
      password: Buffer.from('pass'),
      properties: {},
    },
  },
  {
    name: 'CONNECT 5 with properties and a will',
    version: V5,
    bytes: `10 RL s'MQTT' 05 06 000A
              0D 11 0000003C 21 0005 27 00001000 s'id'
              05 18 00000003 s'w' 0001 00`,
    packet: {
      type: PacketType.CONNECT,
      protocolVersion: V5,
      cleanStart: true,
      keepAliveSec: 10,
      clientId: 'id',
      will: { topicName: 'w', payload: Buffer.from([0]), qos: 0, retain: false, properties: { willDelayInterval: 3 } },
      properties: { sessionExpiryInterval: 60, receiveMaximum: 5, maximumPacketSize: 4096 },
    },
  },
  {
    name: 'CONNECT 5 with a password and no user name',
    version: V5,
    bytes: `10 RL s'MQTT' 05 40 0000 00 s'' s'token'`,
    packet: {
      type: PacketType.CONNECT,
      protocolVersion: V5,
      cleanStart: false,
      keepAliveSec: 0,
      clientId: '',
      password: Buffer.from('token'),
      properties: {},
    },
  },
  {
    name: 'CONNACK 3.1.1, session present',
    version: V3_1_1,
    bytes: `20 02 01 00`,
    packet: { type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0 },
  },
  {
    name: 'CONNACK 5 as the default configuration sends it',
    version: V5,
    bytes: `20 09 00 00 06 21 000A 22 0005`,
    packet: {
      type: PacketType.CONNACK,
      sessionPresent: false,
      reasonCode: 0,
      properties: { receiveMaximum: 10, topicAliasMaximum: 5 },
    },
  },
  {
    name: 'CONNACK 5 as the UMH configuration sends it',
    version: V5,
    bytes: `20 0B 00 00 08 21 000A 25 00 22 0005`,
    packet: {
      type: PacketType.CONNACK,
      sessionPresent: false,
      reasonCode: 0,
      properties: { receiveMaximum: 10, retainAvailable: 0, topicAliasMaximum: 5 },
    },
  },
  {
    name: 'PUBLISH 3.1.1 QoS 0',
    version: V3_1_1,
    bytes: `30 RL s'a/b' 'hi'`,
    packet: {
      type: PacketType.PUBLISH,
      topicName: 'a/b',
      payload: Buffer.from('hi'),
      qos: 0,
      retain: false,
      dup: false,
    },
  },
  {
    name: 'PUBLISH 3.1 QoS 2, DUP and RETAIN, empty payload',
    version: V3_1,
    bytes: `3D RL s'a' FFFF`,
    packet: {
      type: PacketType.PUBLISH,
      topicName: 'a',
      payload: Buffer.alloc(0),
      qos: 2,
      retain: true,
      dup: true,
      packetId: 0xffff,
    },
  },
  {
    name: 'PUBLISH 5 with every property',
    version: V5,
    bytes: `32 RL s'a' 0001 29
              01 01   02 0000000A   03 s't'   08 s'r'   09 s'c'   0B FF7F   0B 01   23 0002
              26 s'k' s'1'   26 s'k' s'2'   'x'`,
    packet: {
      type: PacketType.PUBLISH,
      topicName: 'a',
      payload: Buffer.from('x'),
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 10,
        contentType: 't',
        responseTopic: 'r',
        correlationData: Buffer.from('c'),
        subscriptionIdentifiers: [16_383, 1],
        topicAlias: 2,
        userProperties: [
          ['k', '1'],
          ['k', '2'],
        ],
      },
    },
  },
  {
    name: 'PUBLISH 5 with a topic alias only',
    version: V5,
    bytes: `30 RL s'' 03 23 0001 'x'`,
    packet: {
      type: PacketType.PUBLISH,
      topicName: '',
      payload: Buffer.from('x'),
      qos: 0,
      retain: false,
      dup: false,
      properties: { topicAlias: 1 },
    },
  },
  {
    name: 'PUBACK 3.1.1',
    version: V3_1_1,
    bytes: `40 02 1234`,
    packet: { type: PacketType.PUBACK, packetId: 0x1234, reasonCode: 0 },
  },
  {
    name: 'PUBACK 5 without a reason code',
    version: V5,
    bytes: `40 02 0001`,
    packet: { type: PacketType.PUBACK, packetId: 1, reasonCode: 0 },
  },
  {
    name: 'PUBACK 5 with a reason code',
    version: V5,
    bytes: `40 03 0001 10`,
    packet: { type: PacketType.PUBACK, packetId: 1, reasonCode: 0x10 },
  },
  {
    name: 'PUBREC 5 with a property length of 0',
    version: V5,
    bytes: `50 04 0001 80 00`,
    packet: { type: PacketType.PUBREC, packetId: 1, reasonCode: 0x80, properties: {} },
  },
  {
    name: 'PUBREL 5 with a reason string',
    version: V5,
    bytes: `62 RL 0001 92 06 1F s'why'`,
    packet: { type: PacketType.PUBREL, packetId: 1, reasonCode: 0x92, properties: { reasonString: 'why' } },
  },
  {
    name: 'PUBREL 3.1 with DUP',
    version: V3_1,
    bytes: `6A 02 0001`,
    packet: { type: PacketType.PUBREL, packetId: 1, reasonCode: 0 },
    isOnlyRead: true,
  },
  {
    name: 'PUBCOMP 3.1.1',
    version: V3_1_1,
    bytes: `70 02 0001`,
    packet: { type: PacketType.PUBCOMP, packetId: 1, reasonCode: 0 },
  },
  {
    name: 'SUBSCRIBE 5 with all options and an identifier',
    version: V5,
    bytes: `82 RL 0001 02 0B 05 s'a/#' 2D s'$share/g/b' 02`,
    packet: {
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      subscriptions: [
        { topicFilter: 'a/#', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        { topicFilter: '$share/g/b', qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
      properties: { subscriptionIdentifiers: [5] },
    },
  },
  {
    name: 'SUBSCRIBE 3.1 with DUP and QoS 1 in the header',
    version: V3_1,
    bytes: `8A RL 0001 s'a' 01`,
    packet: {
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      subscriptions: [{ topicFilter: 'a', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    },
    isOnlyRead: true,
  },
  {
    name: 'SUBACK 3.1.1',
    version: V3_1_1,
    bytes: `90 05 0001 00 02 80`,
    packet: { type: PacketType.SUBACK, packetId: 1, reasonCodes: [0, 2, 0x80] },
  },
  {
    name: 'SUBACK 5',
    version: V5,
    bytes: `90 05 0001 00 01 87`,
    packet: { type: PacketType.SUBACK, packetId: 1, reasonCodes: [1, 0x87], properties: {} },
  },
  {
    name: 'UNSUBSCRIBE 3.1.1',
    version: V3_1_1,
    bytes: `A2 RL 0001 s'a' s'b/+'`,
    packet: { type: PacketType.UNSUBSCRIBE, packetId: 1, topicFilters: ['a', 'b/+'] },
  },
  {
    name: 'UNSUBACK 3.1.1',
    version: V3_1_1,
    bytes: `B0 02 0001`,
    packet: { type: PacketType.UNSUBACK, packetId: 1, reasonCodes: [] },
  },
  {
    name: 'UNSUBACK 5',
    version: V5,
    bytes: `B0 05 0001 00 00 11`,
    packet: { type: PacketType.UNSUBACK, packetId: 1, reasonCodes: [0, 0x11], properties: {} },
  },
  { name: 'PINGREQ', version: V3_1_1, bytes: `C0 00`, packet: { type: PacketType.PINGREQ } },
  { name: 'PINGRESP', version: V5, bytes: `D0 00`, packet: { type: PacketType.PINGRESP } },
  {
    name: 'DISCONNECT 3.1.1',
    version: V3_1_1,
    bytes: `E0 00`,
    packet: { type: PacketType.DISCONNECT, reasonCode: 0 },
  },
  {
    name: 'DISCONNECT 5 with a reason code',
    version: V5,
    bytes: `E0 01 04`,
    packet: { type: PacketType.DISCONNECT, reasonCode: 4 },
  },
  {
    name: 'DISCONNECT 5 with a session expiry interval',
    version: V5,
    bytes: `E0 07 00 05 11 00000005`,
    packet: { type: PacketType.DISCONNECT, reasonCode: 0, properties: { sessionExpiryInterval: 5 } },
  },
  {
    name: 'AUTH',
    version: V5,
    bytes: `F0 RL 18 08 15 s'M' 16 s'x'`,
    packet: {
      type: PacketType.AUTH,
      reasonCode: 0x18,
      properties: { authenticationMethod: 'M', authenticationData: Buffer.from('x') },
    },
  },
  {
    name: 'a Remaining Length that is longer than need be, before MQTT 5',
    version: V3_1_1,
    bytes: `C0 80 00`,
    packet: { type: PacketType.PINGREQ },
    isOnlyRead: true,
  },
]
