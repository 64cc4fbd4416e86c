// SPDX-License-Identifier: Apache-2.0
import { decodeProtocolVersion } from '../../../src/codec/connect.ts'
import { Fault } from '../../../src/codec/fault.ts'
import type { CodecLimits } from '../../../src/codec/limits.ts'
import { FrameReader } from '../../../src/codec/frame-reader.ts'
import { decodePacket, type Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { FIRST_ERROR } from '../../../src/codec/reason-code.ts'
import { checkServerPacket } from './check-server-packet.ts'

/** Answers of a server, and what each answers to. */
const ASKED_BY: Readonly<Record<number, PacketType>> = {
  [PacketType.PUBACK]: PacketType.PUBLISH,
  [PacketType.PUBREC]: PacketType.PUBLISH,
  [PacketType.PUBCOMP]: PacketType.PUBREL,
  [PacketType.SUBACK]: PacketType.SUBSCRIBE,
  [PacketType.UNSUBACK]: PacketType.UNSUBSCRIBE,
  [PacketType.PINGRESP]: PacketType.PINGREQ,
}
const MAX_INFLIGHT = 50
/** A fixed header, and a protocol name and level as long as they may be. */
const LONGEST_BEGINNING = 20

/**
 * Both directions of one connection, whatever the client sends. Throws when the server says what it must not: what is no
 * packet of the version, an answer that nobody asked for, more than the client takes, or anything after its last word.
 */
export class Conversation {
  /** Null until the client has named one that exists. */
  version: ProtocolVersion | null = null
  isConnected = false
  /** The server has said its last word. */
  isOver = false
  /** What the client has sent cannot be read on. */
  isBroken = false
  maximumPacketSize: number = Number.POSITIVE_INFINITY
  isProblemInformationWanted = true
  /** Packets from the server that the client has not looked at. */
  received: Packet[] = []
  pings = 0
  readonly #limits: CodecLimits
  readonly #client: FrameReader
  readonly #server: FrameReader
  #isConnectSeen = false
  #beginning: Buffer = Buffer.alloc(0)
  #receiveMaximum = MAX_INFLIGHT
  /** Requests without an answer, by type and identifier. */
  readonly #asked = new Map<number, number>()
  /** Messages of the server that the client has not acknowledged. */
  readonly #open = new Set<number>()
  /** Acknowledged before they were sent; until the turn ends the server may see that when they have been. */
  readonly #closedEarly = new Set<number>()

  constructor(limits: CodecLimits) {
    this.#limits = limits
    this.#client = new FrameReader(
      {
        onFrame: (firstByte, buffer, _start, bodyStart, end) => this.#onClientFrame(firstByte, buffer, bodyStart, end),
        onFrameFault: () => (this.isBroken = true),
      },
      268_435_460,
      true,
    )
    this.#server = new FrameReader(
      {
        onFrame: (firstByte, buffer, start, bodyStart, end) => {
          this.#onServerFrame(firstByte, buffer, bodyStart, end, end - start)
        },
        onFrameFault: (_firstByte, fault) => {
          throw new Error(`the server sends what is no packet: ${fault.text}`)
        },
      },
      268_435_460,
      false,
    )
  }

  /** The client is between two packets. */
  get isAtBoundary(): boolean {
    return !this.isBroken && this.#client.heldBytes === 0
  }

  /** The server has begun a packet and not ended it. */
  get isServerAtBoundary(): boolean {
    return this.#server.heldBytes === 0
  }

  /** To be told before the server gets the bytes. */
  fromClient(bytes: Buffer): void {
    if (!this.#isConnectSeen) this.#findVersion(bytes)
    this.#client.push(bytes, bytes.length)
  }

  /** What the client has sent has been handled, and everything that follows from it has left. */
  endTurn(): void {
    this.#closedEarly.clear()
  }

  fromServer(bytes: Buffer): void {
    this.#server.push(bytes, bytes.length)
  }

  /** It can be answered as soon as it is there: a CONNECT that is too long is refused before its end. */
  #findVersion(bytes: Buffer): void {
    this.#beginning = Buffer.concat([this.#beginning, bytes]).subarray(0, LONGEST_BEGINNING)
    let start = 1
    while (start < 5 && (this.#beginning[start] ?? 0) >= 0x80) start++
    const version = decodeProtocolVersion(this.#beginning, start + 1, this.#beginning.length)
    this.version = typeof version === 'number' ? version : version.answerIn
  }

  #onClientFrame(firstByte: number, buffer: Buffer, start: number, end: number): void {
    const type = firstByte >> 4
    const isFirst = !this.#isConnectSeen
    if (isFirst) {
      this.#isConnectSeen = true
      this.#client.isConnectExpected = false
      this.isBroken = typeof decodeProtocolVersion(buffer, start, end) !== 'number'
    }
    if (this.version === null || this.isBroken) return
    const packet = decodePacket(firstByte, buffer, start, end, this.version, this.#limits)
    if (packet instanceof Fault) {
      this.isBroken = true
      return
    }
    switch (packet.type) {
      case PacketType.CONNECT: {
        const { properties } = packet
        if (!isFirst) return
        this.maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY
        this.isProblemInformationWanted = properties.requestProblemInformation !== 0
        this.#receiveMaximum = Math.min(properties.receiveMaximum ?? MAX_INFLIGHT, MAX_INFLIGHT)
        return
      }
      case PacketType.PUBLISH:
        if (packet.qos > 0) this.#ask(type, packet.packetId!)
        return
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
        return this.#close(packet.packetId)
      case PacketType.PUBREC:
        if (packet.reasonCode >= FIRST_ERROR) this.#close(packet.packetId)
        return
      case PacketType.PUBREL:
      case PacketType.SUBSCRIBE:
      case PacketType.UNSUBSCRIBE:
        return this.#ask(type, packet.packetId)
      case PacketType.PINGREQ:
        return this.#ask(type, 0)
      default:
    }
  }

  #onServerFrame(firstByte: number, buffer: Buffer, start: number, end: number, length: number): void {
    if (this.isOver) throw new Error('the server sends something after its last word')
    if (this.version === null) throw new Error('the server speaks before it knows the version')
    const packet = decodePacket(firstByte, buffer, start, end, this.version, this.#limits)
    if (packet instanceof Fault) throw new Error(`the server sends what is no packet: ${packet.text}`)
    if (length > this.maximumPacketSize) throw new Error(`the client does not take ${length} bytes`)
    if ((packet.type === PacketType.CONNACK) === this.isConnected) throw new Error('CONNACK is the first packet, once')
    checkServerPacket(packet, this.version, this.isProblemInformationWanted)
    switch (packet.type) {
      case PacketType.CONNACK:
        this.isConnected = true
        this.isOver = packet.reasonCode !== 0
        break
      case PacketType.DISCONNECT:
        this.isOver = true
        break
      case PacketType.PUBLISH:
        this.#onPublish(packet.qos, packet.packetId ?? 0)
        break
      case PacketType.PINGRESP:
        this.pings++
        this.#answered(packet.type, 0)
        break
      case PacketType.PUBREL:
        break
      default:
        if ('packetId' in packet) this.#answered(packet.type, packet.packetId)
    }
    this.received.push(packet)
  }

  #onPublish(qos: number, packetId: number): void {
    if (qos === 0 || this.#closedEarly.delete(packetId)) return
    if (this.#open.has(packetId)) throw new Error(`identifier ${packetId} is used twice`)
    this.#open.add(packetId)
    if (this.#open.size > this.#receiveMaximum) throw new Error('more messages are open than the client takes')
  }

  /** The client has acknowledged a message, or what it hopes will be one. */
  #close(packetId: number): void {
    if (!this.#open.delete(packetId)) this.#closedEarly.add(packetId)
  }

  #ask(type: number, packetId: number): void {
    const key = (type << 16) | packetId
    this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1)
  }

  #answered(type: number, packetId: number): void {
    const key = (ASKED_BY[type]! << 16) | packetId
    const asked = this.#asked.get(key) ?? 0
    if (asked === 0) throw new Error(`packet type ${type} answers to nothing (${packetId})`)
    if (asked === 1) this.#asked.delete(key)
    else this.#asked.set(key, asked - 1)
  }
}
