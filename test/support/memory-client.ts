// SPDX-License-Identifier: Apache-2.0
import type { Connack } from '../../src/codec/connack.ts'
import type { Connect } from '../../src/codec/connect.ts'
import { Fault } from '../../src/codec/fault.ts'
import { FrameReader } from '../../src/codec/frame-reader.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Publish } from '../../src/codec/publish.ts'
import type { SubscriptionAck } from '../../src/codec/suback.ts'
import type { MemoryBroker } from './memory-broker.ts'
import { MemoryTransport } from './memory-transport.ts'

export interface MemoryClientOptions {
  readonly version?: ProtocolVersion
  /** The session outlives the connection. */
  readonly isPersistent?: boolean
  readonly connect?: Partial<Connect>
  readonly transport?: MemoryTransport
}

/** A client of a broker in memory that does nothing on its own: the test says what it sends, and takes what came. */
export class MemoryClient {
  readonly version: ProtocolVersion
  readonly transport: MemoryTransport
  readonly #broker: MemoryBroker
  readonly #reader: FrameReader
  #packets: Packet[] = []

  constructor(broker: MemoryBroker, version: ProtocolVersion, transport: MemoryTransport = new MemoryTransport()) {
    this.version = version
    this.transport = broker.open(transport)
    this.#broker = broker
    this.#reader = new FrameReader(
      {
        onFrame: (firstByte, buffer, _start, bodyStart, end) => {
          const packet = decodePacket(firstByte, buffer, bodyStart, end, version)
          if (packet instanceof Fault) throw new Error(`The broker sent what is no packet: ${packet.text}`)
          this.#packets.push(packet)
        },
        onFrameFault: (_firstByte, fault) => {
          throw new Error(`The broker sent what is no packet: ${fault.text}`)
        },
      },
      268_435_460,
      false,
    )
  }

  /** Opens a connection and sends CONNECT; what came of it is left to be taken. */
  static open(broker: MemoryBroker, clientId: string, options: MemoryClientOptions = {}): MemoryClient {
    const { version = ProtocolVersion.V5, isPersistent = false, transport, connect } = options
    const client = new MemoryClient(broker, version, transport)
    const isVersion5 = version === ProtocolVersion.V5
    client.send({
      type: PacketType.CONNECT,
      protocolVersion: version,
      cleanStart: !isPersistent,
      keepAliveSec: 0,
      clientId,
      ...connect,
      properties: isVersion5 ? { ...(isPersistent && { sessionExpiryInterval: 3600 }), ...connect?.properties } : {},
    })
    return client
  }

  /** Connects, and takes the CONNACK. */
  static connect(broker: MemoryBroker, clientId: string, options: MemoryClientOptions = {}): MemoryClient {
    const client = MemoryClient.open(broker, clientId, options)
    const connack = client.takeFirst<Connack>(PacketType.CONNACK)
    if (connack.reasonCode !== 0) throw new Error(`${clientId} was refused with ${connack.reasonCode}`)
    return client
  }

  /** Sends packets in one chunk. */
  send(...packets: readonly Packet[]): void {
    this.sendBytes(Buffer.concat(packets.map((packet) => encodePacket(packet, this.version))))
  }

  sendBytes(bytes: Buffer): void {
    this.transport.send(bytes)
    this.#broker.settle()
  }

  publish(topicName: string, payload: string | Uint8Array, more: Partial<Publish> = {}): void {
    this.send(this.toPublish(topicName, payload, more))
  }

  toPublish(topicName: string, payload: string | Uint8Array, more: Partial<Publish> = {}): Publish {
    const { qos = 0 } = more
    return {
      type: PacketType.PUBLISH,
      topicName,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos,
      retain: false,
      dup: false,
      ...(qos > 0 && { packetId: 1 }),
      ...more,
    }
  }

  ack(type: AckType, packetId: number): void {
    this.send({ type, packetId, reasonCode: 0 })
  }

  /** Sends SUBSCRIBE with the same QoS for all filters; leaves what comes to be taken. */
  sendSubscribe(topicFilters: readonly string[], qos: QoS = 0, packetId = 1): void {
    this.send({
      type: PacketType.SUBSCRIBE,
      packetId,
      subscriptions: topicFilters.map((topicFilter) => ({
        topicFilter,
        qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      })),
    })
  }

  /** Subscribes, takes the SUBACK and returns its codes. */
  subscribe(topicFilters: readonly string[], qos: QoS = 0, packetId = 1): readonly number[] {
    this.sendSubscribe(topicFilters, qos, packetId)
    return this.takeFirst<SubscriptionAck>(PacketType.SUBACK).reasonCodes
  }

  /** Unsubscribes, takes the UNSUBACK and returns its codes. */
  unsubscribe(topicFilters: readonly string[], packetId = 1): readonly number[] {
    this.send({ type: PacketType.UNSUBSCRIBE, packetId, topicFilters })
    return this.takeFirst<SubscriptionAck>(PacketType.UNSUBACK).reasonCodes
  }

  /** Takes all packets that came. */
  take(): Packet[] {
    this.#receive()
    const packets = this.#packets
    this.#packets = []
    return packets
  }

  /** Takes what came, of which everything must be PUBLISH. */
  takePublishes(): Publish[] {
    return this.take().map((packet) => {
      if (packet.type !== PacketType.PUBLISH) throw new Error(`expected PUBLISH, got packet type ${packet.type}`)
      return packet
    })
  }

  /** Takes the next packet, which must be of this type. */
  takeFirst<P extends Packet>(type: P['type']): P {
    this.#receive()
    const packet = this.#packets.shift()
    if (packet === undefined) throw new Error(`expected packet type ${type}, got nothing`)
    if (packet.type !== type) throw new Error(`expected packet type ${type}, got ${packet.type}`)
    return packet as P
  }

  /** The connection is lost; what was not taken is lost with it. */
  drop(): void {
    this.transport.drop()
    this.#broker.settle()
  }

  #receive(): void {
    this.#broker.settle()
    const bytes = this.transport.take()
    if (bytes.length > 0) this.#reader.push(bytes, bytes.length)
  }
}

export function textOf(publish: Publish): string {
  return Buffer.from(publish.payload).toString()
}
