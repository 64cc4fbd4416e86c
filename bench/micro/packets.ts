// SPDX-License-Identifier: Apache-2.0
import type { Connect } from '../../src/codec/connect.ts'
import { type Packet, encodePacket } from '../../src/codec/packet.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Publish } from '../../src/codec/publish.ts'
import type { Subscribe } from '../../src/codec/subscribe.ts'

/** A packet as it goes over the wire every day. */
export interface Sample {
  readonly name: string
  readonly version: ProtocolVersion
  readonly packet: Packet
  readonly bytes: Buffer
}

const { V3_1_1, V5 } = ProtocolVersion
const TOPIC = 'umh/v1/enterprise/site/area/line/cell/_historian/temperature'

const publish: Publish = {
  type: PacketType.PUBLISH,
  topicName: TOPIC,
  payload: Buffer.alloc(64, '{"value":21.5,"timestamp_ms":1700000000000}'),
  qos: 1,
  retain: false,
  dup: false,
  packetId: 4711,
}

const publishWithProperties: Publish = {
  ...publish,
  properties: {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 3600,
    contentType: 'application/json',
    userProperties: [
      ['source', 'plc-17'],
      ['schema', 'historian/v2'],
    ],
  },
}

const connect: Connect = {
  type: PacketType.CONNECT,
  protocolVersion: V3_1_1,
  cleanStart: false,
  keepAliveSec: 60,
  clientId: 'benthos-umh-7f9c',
  will: {
    topicName: 'umh/v1/enterprise/status',
    payload: Buffer.from('offline'),
    qos: 1,
    retain: true,
    properties: {},
  },
  userName: 'node-red',
  password: Buffer.from('correct horse battery staple'),
  properties: {},
}

const subscribe: Subscribe = {
  type: PacketType.SUBSCRIBE,
  packetId: 12,
  subscriptions: ['umh/v1/enterprise/#', 'umh/v1/+/site/area/+/cell/_historian/#', TOPIC].map((topicFilter) => ({
    topicFilter,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
  })),
}

const sample = (name: string, version: ProtocolVersion, packet: Packet): Sample => ({
  name,
  version,
  packet,
  bytes: encodePacket(packet, version),
})

export const SAMPLES: readonly Sample[] = [
  sample('PUBLISH 3.1.1', V3_1_1, publish),
  sample('PUBLISH 5', V5, publish),
  sample('PUBLISH 5, properties', V5, publishWithProperties),
  sample('CONNECT 3.1.1', V3_1_1, connect),
  sample('CONNECT 5', V5, {
    ...connect,
    protocolVersion: V5,
    properties: { sessionExpiryInterval: 3600, receiveMaximum: 100 },
  }),
  sample('SUBSCRIBE 3.1.1', V3_1_1, subscribe),
  sample('SUBSCRIBE 5', V5, subscribe),
]
