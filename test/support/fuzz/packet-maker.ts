// SPDX-License-Identifier: Apache-2.0
import type { Connect } from '../../../src/codec/connect.ts'
import type { Packet } from '../../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../../src/codec/packet-type.ts'
import type { Properties } from '../../../src/codec/property.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import type { RetainHandling, Subscribe } from '../../../src/codec/subscribe.ts'
import type { Random } from './random-choice.ts'

const CLIENT_IDS = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', '', 'client-with-a-long-name-'.repeat(8)] as const
const TOPICS = [
  'a',
  'a/b',
  'a/b/c',
  'b',
  'b/1',
  'b/2',
  'c/d/e/f/g',
  '/',
  'a//b',
  'ü/ß/€/🐝',
  'long/'.repeat(40),
] as const
const FILTERS = [
  '#',
  'a/#',
  '+/b',
  'a/+',
  '+',
  '+/+',
  'a/+/c',
  '/#',
  '$SYS/#',
  '$share/g/a/#',
  '$share/h/#',
  '$share/g/b/+',
] as const
const PAYLOAD_BYTES = [0, 1, 10, 10, 100, 100, 1_000, 5_000] as const
const LARGE_PAYLOAD_BYTES = [33_000, 70_000, 300_000] as const
/** None that an assigned client identifier, which is never the same, could just exceed. */
const MAXIMUM_PACKET_SIZES = [20, 40, 200, 2_000, 100_000] as const
const FOREVER = 0xffff_ffff

export function anyVersion(random: Random): ProtocolVersion {
  return random.of([ProtocolVersion.V3_1, ProtocolVersion.V3_1_1, ProtocolVersion.V5, ProtocolVersion.V5])
}

export function connect(random: Random, version: ProtocolVersion): Connect {
  const isVersion5 = version === ProtocolVersion.V5
  const hasUserName = random.oneIn(4)
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    cleanStart: random.oneIn(3),
    keepAliveSec: random.of([0, 0, 10, 60, 65_535]),
    clientId: random.of(CLIENT_IDS),
    properties: isVersion5 ? connectProperties(random) : {},
    ...(random.oneIn(4) && {
      will: {
        topicName: random.of(TOPICS),
        payload: Buffer.alloc(random.of(PAYLOAD_BYTES)),
        qos: anyQoS(random),
        retain: random.oneIn(3),
        properties: isVersion5 ? { ...messageProperties(random), willDelayInterval: random.of([0, 5, 100]) } : {},
      },
    }),
    ...(hasUserName && { userName: 'user' }),
    ...(hasUserName && random.oneIn(2) && { password: Buffer.from('password') }),
  }
}

/** A packet of the other direction that says about the same. */
export function serverPacket(random: Random, packet: Packet): Packet {
  const packetId = 'packetId' in packet ? (packet.packetId ?? 1) : 1
  return random.of<Packet>([
    { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0 },
    { type: PacketType.SUBACK, packetId, reasonCodes: [0, 1] },
    { type: PacketType.UNSUBACK, packetId, reasonCodes: [0] },
    { type: PacketType.PINGRESP },
  ])
}

/** Makes the packets of one connection: right ones, in an order that makes sense most of the time. */
export class PacketMaker {
  readonly #random: Random
  readonly #version: ProtocolVersion
  /** Answers that the client owes. */
  readonly #owed: { type: AckType; packetId: number }[] = []
  /** Identifiers of its own messages that are not done. */
  readonly #open = new Set<number>()
  #lastPacketId = 0
  readonly #aliases = new Set<number>()

  constructor(random: Random, version: ProtocolVersion) {
    this.#random = random
    this.#version = version
  }

  get #isVersion5(): boolean {
    return this.#version === ProtocolVersion.V5
  }

  /** Takes in what the server has said. */
  take(packets: readonly Packet[]): void {
    for (const packet of packets) {
      switch (packet.type) {
        case PacketType.PUBLISH:
          if (packet.qos > 0) this.#owe(packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packet.packetId!)
          break
        case PacketType.PUBREC:
          this.#owe(PacketType.PUBREL, packet.packetId)
          break
        case PacketType.PUBREL:
          this.#owe(PacketType.PUBCOMP, packet.packetId)
          break
        case PacketType.PUBACK:
        case PacketType.PUBCOMP:
          this.#open.delete(packet.packetId)
          break
        default:
      }
    }
  }

  next(): Packet {
    const random = this.#random
    if (this.#owed.length > 0 && !random.oneIn(3)) return this.#answer()
    switch (random.below(40)) {
      case 0:
        return this.#unsubscribe()
      case 1:
        return { type: PacketType.PINGREQ }
      case 2:
        return random.oneIn(4) ? this.#disconnect() : { type: PacketType.PINGREQ }
      case 3:
        return this.#outOfOrder()
      case 4:
        return this.#isVersion5 && random.oneIn(4) ? auth(random) : { type: PacketType.PINGREQ }
      case 5:
      case 6:
      case 7:
        return this.#subscribe()
      default:
        return this.#publish()
    }
  }

  #owe(type: AckType, packetId: number): void {
    // Who never answers is not waited for.
    if (this.#owed.length < 200) this.#owed.push({ type, packetId })
  }

  #answer(): Packet {
    const random = this.#random
    const at = random.oneIn(8) ? random.below(this.#owed.length) : 0
    const { type, packetId } = this.#owed.splice(at, 1)[0]!
    return this.#ack(type, packetId, random.oneIn(20))
  }

  #ack(type: AckType, packetId: number, isError: boolean): Packet {
    const isRelease = type === PacketType.PUBREL || type === PacketType.PUBCOMP
    const reasonCode = isError && this.#isVersion5 ? (isRelease ? 0x92 : 0x83) : 0
    const properties = this.#isVersion5 && this.#random.oneIn(10) ? { reasonString: 'because' } : undefined
    return { type, packetId, reasonCode, ...(properties && { properties }) }
  }

  /** An answer to nothing, or of the wrong kind. */
  #outOfOrder(): Packet {
    const random = this.#random
    const type = random.of<AckType>([PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP])
    return this.#ack(type, 1 + random.below(random.oneIn(10) ? 65_535 : 20), random.oneIn(4))
  }

  #publish(): Publish {
    const random = this.#random
    // Not more than the server takes, mostly.
    const qos = this.#open.size < 9 || random.oneIn(200) ? anyQoS(random) : 0
    const isRepeat = qos > 0 && this.#open.size > 0 && random.oneIn(15)
    const packetId = isRepeat ? random.of([...this.#open]) : this.#newPacketId()
    if (qos > 0) this.#open.add(packetId)
    const properties = this.#isVersion5 && random.oneIn(2) ? messageProperties(random) : {}
    const bytes = random.oneIn(400) ? random.of(LARGE_PAYLOAD_BYTES) : random.of(PAYLOAD_BYTES)
    return {
      type: PacketType.PUBLISH,
      topicName: this.#topicFor(properties),
      payload: Buffer.alloc(bytes, 'p'),
      qos,
      retain: random.oneIn(10),
      dup: qos > 0 && (isRepeat || random.oneIn(20)),
      ...(qos > 0 && { packetId }),
      ...(this.#isVersion5 && { properties }),
    }
  }

  /** The topic, or nothing where an alias stands for it. */
  #topicFor(properties: Properties): string {
    const random = this.#random
    if (this.#isVersion5 && random.oneIn(4)) {
      const alias = 1 + random.below(random.oneIn(50) ? 7 : 5)
      properties.topicAlias = alias
      if (this.#aliases.has(alias) && random.oneIn(2)) return ''
      this.#aliases.add(alias)
    }
    return random.of(TOPICS)
  }

  #newPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % 100) + 1
    while (this.#open.has(this.#lastPacketId) && this.#open.size < 100)
    return this.#lastPacketId
  }

  #subscribe(): Subscribe {
    const random = this.#random
    const isVersion5 = this.#isVersion5
    const subscriptions = Array.from({ length: 1 + random.below(4) }, () => {
      const topicFilter = random.of<string>(random.oneIn(2) ? FILTERS : TOPICS)
      return {
        topicFilter,
        qos: anyQoS(random),
        noLocal: isVersion5 && random.oneIn(4) && !topicFilter.startsWith('$share/'),
        retainAsPublished: isVersion5 && random.oneIn(2),
        retainHandling: (isVersion5 ? random.below(3) : 0) as RetainHandling,
      }
    })
    const properties = random.oneIn(3) ? { subscriptionIdentifiers: [1 + random.below(300)] } : {}
    const packetId = this.#newPacketId()
    return { type: PacketType.SUBSCRIBE, packetId, subscriptions, ...(isVersion5 && { properties }) }
  }

  #unsubscribe(): Packet {
    const random = this.#random
    const topicFilters = Array.from({ length: 1 + random.below(3) }, () => random.of([...FILTERS, ...TOPICS]))
    return { type: PacketType.UNSUBSCRIBE, packetId: this.#newPacketId(), topicFilters }
  }

  #disconnect(): Packet {
    const random = this.#random
    if (!this.#isVersion5) return { type: PacketType.DISCONNECT, reasonCode: 0 }
    const properties = random.oneIn(2) ? { sessionExpiryInterval: random.of([0, 0, 5, FOREVER]) } : {}
    return { type: PacketType.DISCONNECT, reasonCode: random.of([0, 4]), properties }
  }
}

function anyQoS(random: Random): QoS {
  return random.of<QoS>([0, 1, 1, 2, 2])
}

function auth(random: Random): Packet {
  const properties = { authenticationMethod: 'METHOD' }
  return { type: PacketType.AUTH, reasonCode: random.of([0x00, 0x18, 0x19]), properties }
}

function connectProperties(random: Random): Properties {
  return {
    ...(!random.oneIn(4) && { sessionExpiryInterval: random.of([0, 1, 60, 3_600, FOREVER]) }),
    ...(random.oneIn(2) && { receiveMaximum: random.of([1, 2, 10, 65_535]) }),
    ...(random.oneIn(6) && { maximumPacketSize: random.of(MAXIMUM_PACKET_SIZES) }),
    ...(random.oneIn(4) && { topicAliasMaximum: random.of([0, 10, 65_535]) }),
    ...(random.oneIn(3) && { requestProblemInformation: random.below(2) }),
    ...(random.oneIn(8) && { requestResponseInformation: random.below(2) }),
    ...(random.oneIn(6) && { userProperties: [['name', 'value']] as [string, string][] }),
    ...(random.oneIn(30) && { authenticationMethod: 'METHOD' }),
  }
}

function messageProperties(random: Random): Properties {
  return {
    ...(random.oneIn(3) && { payloadFormatIndicator: random.below(2) }),
    ...(random.oneIn(2) && { messageExpiryInterval: random.of([0, 1, 5, 100, FOREVER]) }),
    ...(random.oneIn(4) && { contentType: 'text/plain' }),
    ...(random.oneIn(4) && { responseTopic: random.of(TOPICS) }),
    ...(random.oneIn(4) && { correlationData: Buffer.alloc(random.below(20)) }),
    ...(random.oneIn(4) && {
      userProperties: [
        ['ä', 'b'],
        ['ä', 'b'],
      ] as [string, string][],
    }),
  }
}
