// SPDX-License-Identifier: Apache-2.0
import { type Fault, Faults } from './fault.ts'
import type { CodecLimits } from './limits.ts'
import { copyOf, PacketReader } from './packet-reader.ts'
import { PacketType, type QoS } from './packet-type.ts'
import type { PacketWriter } from './packet-writer.ts'
import { type Properties, PropertyId } from './property.ts'
import { decodeProperties, encodeProperties } from './property-codec.ts'
import { PropertyScanner } from './property-scanner.ts'
import { ProtocolVersion } from './protocol-version.ts'

export interface Publish {
  readonly type: typeof PacketType.PUBLISH
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** Present exactly when the QoS is above 0. */
  readonly packetId?: number
  readonly properties?: Properties
}

export const PublishFlag = { RETAIN: 0x01, QOS_SHIFT: 1, DUP: 0x08 } as const

/** Stands for "no Message Expiry Interval". */
export const NO_EXPIRY: number = Number.POSITIVE_INFINITY

/** Lengths of two properties with their identifiers. */
export const TOPIC_ALIAS_BYTES = 3
export const MESSAGE_EXPIRY_BYTES = 5
const NOTHING = Buffer.alloc(0)

/**
 * Where the fields of one PUBLISH stand in the buffer it came in: enough to route it without making an object of it.
 * One view is used again for every packet, so its numbers hold until the next `read`.
 */
export class PublishView {
  buffer: Buffer = NOTHING
  version: ProtocolVersion = ProtocolVersion.V3_1_1
  qos: QoS = 0
  retain = false
  dup = false
  /** First byte of the fixed header. */
  start = 0
  /** Behind the last byte of the payload. */
  end = 0
  topicStart = 0
  topicEnd = 0
  /** 0 at QoS 0. */
  packetId = 0
  packetIdAt = 0
  /** The properties without their length field; empty before MQTT 5. */
  propertiesStart = 0
  propertiesEnd = 0
  payloadStart = 0
  /** 0 when there is none. */
  topicAlias = 0
  /** First byte of the whole Topic Alias property, which takes TOPIC_ALIAS_BYTES. */
  topicAliasAt = 0
  /** Seconds, or NO_EXPIRY. */
  messageExpiryInterval: number = NO_EXPIRY
  /** First byte of the whole Message Expiry Interval property, which takes MESSAGE_EXPIRY_BYTES. */
  messageExpiryAt = 0
  /** -1 when there is none. */
  payloadFormatIndicator = -1
  hasSubscriptionIdentifier = false

  /** Lets go of the packet: it may be large, and the next one may be long in coming. */
  release(): void {
    this.buffer = NOTHING
  }

  /**
   * Takes up the PUBLISH whose fixed header starts at `start` and whose body is `bodyStart` to `end`. Everything is checked
   * but the topic, whose validity is known for a topic that was seen before.
   */
  read(
    firstByte: number,
    buffer: Buffer,
    start: number,
    bodyStart: number,
    end: number,
    version: ProtocolVersion,
    limits: CodecLimits,
  ): Fault | null {
    const qos = (firstByte >> PublishFlag.QOS_SHIFT) & 3
    if (qos === 3) return Faults.QOS_3 // [MQTT-3.3.1-4] [MQTT4-3.3.1-4]
    this.qos = qos as QoS
    this.retain = (firstByte & PublishFlag.RETAIN) !== 0
    this.dup = (firstByte & PublishFlag.DUP) !== 0
    if (this.dup && qos === 0) return Faults.DUP_ON_QOS_0 // [MQTT-3.3.1-2] [MQTT4-3.3.1-2]
    this.buffer = buffer
    this.version = version
    this.start = start
    this.end = end
    if (end - bodyStart < 2) return Faults.FIELD_TRUNCATED
    this.topicStart = bodyStart + 2
    this.topicEnd = this.topicStart + ((buffer[bodyStart]! << 8) | buffer[bodyStart + 1]!)
    let position = this.topicEnd
    this.packetId = 0
    if (qos > 0) {
      this.packetIdAt = position
      position += 2
      if (position <= end) this.packetId = (buffer[position - 2]! << 8) | buffer[position - 1]!
    }
    if (position > end) return Faults.FIELD_TRUNCATED
    if (qos > 0 && this.packetId === 0) return Faults.PACKET_ID_ZERO // [MQTT-2.2.1-3] [MQTT4-2.3.1-1]
    this.topicAlias = 0
    this.messageExpiryInterval = NO_EXPIRY
    this.payloadFormatIndicator = -1
    this.hasSubscriptionIdentifier = false
    this.propertiesStart = position
    this.propertiesEnd = position
    this.payloadStart = position
    return version === ProtocolVersion.V5 ? this.#readProperties(position, limits) : null
  }

  #readProperties(position: number, limits: CodecLimits): Fault | null {
    // Most messages carry none: one zero byte.
    if (position < this.end && this.buffer[position] === 0) {
      this.propertiesStart = position + 1
      this.propertiesEnd = position + 1
      this.payloadStart = position + 1
      return null
    }
    const reader = new PacketReader(this.buffer, position, this.end, limits)
    const scanner = new PropertyScanner(reader, PacketType.PUBLISH)
    this.propertiesStart = reader.position
    while (scanner.next()) {
      switch (scanner.rule.id) {
        case PropertyId.TOPIC_ALIAS:
          this.topicAlias = scanner.number
          this.topicAliasAt = scanner.start
          break
        case PropertyId.MESSAGE_EXPIRY_INTERVAL:
          this.messageExpiryInterval = scanner.number
          this.messageExpiryAt = scanner.start
          break
        case PropertyId.PAYLOAD_FORMAT_INDICATOR:
          this.payloadFormatIndicator = scanner.number
          break
        case PropertyId.SUBSCRIPTION_IDENTIFIER:
          this.hasSubscriptionIdentifier = true
          break
        default:
      }
    }
    this.propertiesEnd = reader.position
    this.payloadStart = reader.position
    return reader.fault
  }
}

/** Decodes a PUBLISH into an object of its own: for clients, tests and interceptors, not for routing. */
export function decodePublish(
  flags: number,
  buffer: Buffer,
  start: number,
  end: number,
  version: ProtocolVersion,
  limits: CodecLimits,
): Publish | Fault {
  const view = new PublishView()
  const fault = view.read(flags, buffer, start, start, end, version, limits)
  if (fault !== null) return fault
  const topic = new PacketReader(buffer, start, end, limits)
  const topicName = topic.string()
  if (topic.fault !== null) return topic.fault
  // The properties are decoded from their length field on, which stands right behind topic and packet identifier.
  const properties =
    version === ProtocolVersion.V5
      ? decodeProperties(
          new PacketReader(buffer, view.topicEnd + (view.qos > 0 ? 2 : 0), end, limits),
          PacketType.PUBLISH,
        )
      : undefined
  return {
    type: PacketType.PUBLISH,
    topicName,
    payload: copyOf(buffer, view.payloadStart, end),
    qos: view.qos,
    retain: view.retain,
    dup: view.dup,
    ...(view.qos > 0 && { packetId: view.packetId }),
    ...(properties && { properties }),
  }
}

export function encodePublish(writer: PacketWriter, packet: Publish, version: ProtocolVersion): Buffer {
  writer.string(packet.topicName)
  if (packet.qos > 0) writer.uint16(packet.packetId ?? 0)
  if (version === ProtocolVersion.V5) encodeProperties(writer, packet.properties)
  writer.bytes(packet.payload)
  return writer.takePacket(
    (PacketType.PUBLISH << 4) |
      (packet.dup ? PublishFlag.DUP : 0) |
      (packet.qos << PublishFlag.QOS_SHIFT) |
      (packet.retain ? PublishFlag.RETAIN : 0),
  )
}
