// SPDX-License-Identifier: Apache-2.0
import { type AckType, PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { Fault } from '../../src/codec/fault.ts'
import { FrameReader } from '../../src/codec/frame-reader.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/codec/packet.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { MemoryBroker } from './memory-broker.ts'
import type { MemoryTransport } from './memory-transport.ts'

/** A message as a client's application sees it. */
export interface Seen {
  readonly topic: string
  readonly payload: string
  readonly qos: QoS
  /** The application sees a QoS 2 message when it is new, not when it is sent again. */
  readonly dup: boolean
}

interface Unanswered {
  readonly answer: AckType
  readonly packetId: number
}

/**
 * A correct client whose hand is slow: it answers what it gets only when it is told to, and keeps across connections what a
 * client has to keep. It checks what a client can check of its broker.
 */
export class ModelClient {
  readonly clientId: string
  readonly seen: Seen[] = []
  version: ProtocolVersion = ProtocolVersion.V5
  receiveMaximum = 65_535
  /** What the broker sends is on its way; if the connection is lost, so is that. */
  isDeaf = false
  sessionPresent = false
  #broker: MemoryBroker
  #transport: MemoryTransport | null = null
  #reader: FrameReader | null = null
  /** What it owes to the broker on this connection. */
  #unanswered: Unanswered[] = []
  /** QoS 2 identifiers that it has taken and that were not released. */
  #taken = new Set<number>()
  /** Messages that the broker has sent on this connection and that are not done. */
  #open = new Set<number>()
  #acks: Packet[] = []

  constructor(broker: MemoryBroker, clientId: string) {
    this.#broker = broker
    this.clientId = clientId
  }

  /** QoS 2 messages that were taken and never released. */
  get openFlows(): number {
    return this.#taken.size
  }

  get isConnected(): boolean {
    return this.#transport !== null && !this.#transport.isEnded
  }

  connect(options: { version: ProtocolVersion; clean: boolean; expirySec: number; receiveMaximum: number }): void {
    this.version = options.version
    const isVersion5 = options.version === ProtocolVersion.V5
    this.receiveMaximum = isVersion5 ? options.receiveMaximum : 65_535
    const earlier = this.#transport
    this.isDeaf = false
    this.#transport = this.#broker.open()
    this.#unanswered = []
    this.#open.clear()
    this.#acks = []
    this.#reader = new FrameReader(
      {
        onFrame: (firstByte, buffer, _start, bodyStart, end) => {
          const packet = decodePacket(firstByte, buffer, bodyStart, end, this.version)
          if (packet instanceof Fault) throw new Error(`${this.clientId} got bytes that are no packet: ${packet.text}`)
          this.#take(packet)
        },
        onFrameFault: (_firstByte, fault) => {
          throw new Error(fault.text)
        },
      },
      268_435_460,
      false,
    )
    this.send({
      type: PacketType.CONNECT,
      protocolVersion: options.version,
      clientId: this.clientId,
      cleanStart: options.clean,
      keepAliveSec: 0,
      properties: isVersion5
        ? { sessionExpiryInterval: options.expirySec, receiveMaximum: options.receiveMaximum }
        : {},
    })
    // Taken over: the broker has ended the earlier one.
    if (earlier !== null && !earlier.isEnded) throw new Error('the earlier connection was not ended')
    earlier?.drop()
    if (!this.sessionPresent) this.#taken.clear()
  }

  drop(): void {
    this.#transport?.drop()
    this.#transport = null
  }

  disconnect(): void {
    this.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    this.drop()
  }

  send(packet: Packet): void {
    this.#transport!.send(encodePacket(packet, this.version))
    this.receive()
  }

  /** Takes in what has come. */
  receive(): void {
    this.#broker.settle()
    if (this.isDeaf) return
    const bytes = this.#transport?.take()
    if (bytes !== undefined && bytes.length > 0) this.#reader!.push(bytes, bytes.length)
  }

  /** Answers up to `count` packets, oldest first; returns how many there were. */
  answer(count: number): number {
    let answered = 0
    while (answered < count && this.isConnected) {
      const next = this.#unanswered.shift()
      if (next === undefined) break
      answered++
      if (next.answer === PacketType.PUBACK || next.answer === PacketType.PUBCOMP) this.#open.delete(next.packetId)
      if (next.answer === PacketType.PUBCOMP) this.#taken.delete(next.packetId)
      this.send({ type: next.answer, packetId: next.packetId, reasonCode: 0 })
    }
    return answered
  }

  /** The broker's answers to publishes of this client, since the last call. */
  takeAcks(): Packet[] {
    const acks = this.#acks
    this.#acks = []
    return acks
  }

  #take(packet: Packet): void {
    switch (packet.type) {
      case PacketType.CONNACK:
        if (packet.reasonCode !== 0) throw new Error(`CONNACK ${packet.reasonCode}`)
        this.sessionPresent = packet.sessionPresent
        return
      case PacketType.PUBLISH: {
        const { topicName, qos, dup, packetId = 0 } = packet
        const isRepeat = qos === 2 && this.#taken.has(packetId)
        if (!isRepeat) {
          this.seen.push({ topic: topicName, payload: Buffer.from(packet.payload).toString(), qos, dup })
        }
        if (qos === 0) return
        if (this.#open.has(packetId)) throw new Error(`identifier ${packetId} is used twice`)
        this.#open.add(packetId)
        if (this.#open.size > Math.min(this.receiveMaximum, 50)) throw new Error('more than the receive maximum')
        if (qos === 2) this.#taken.add(packetId)
        this.#unanswered.push({ answer: qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId })
        return
      }
      case PacketType.PUBREL:
        this.#open.add(packet.packetId)
        this.#unanswered.push({ answer: PacketType.PUBCOMP, packetId: packet.packetId })
        return
      case PacketType.DISCONNECT:
        return
      default:
        this.#acks.push(packet)
    }
  }
}
