// SPDX-License-Identifier: Apache-2.0
import type { FrameReader } from '../../../src/codec/frame-reader.ts'
import type { Packet } from '../../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { packetReader, type WatchedTransport } from './watched-transport.ts'

/** What an MQTT 5 client may have open: the broker's default. */
const SERVER_RECEIVE_MAXIMUM = 10

/** From a small range, so that identifiers are used again soon. */
const MAX_PACKET_ID = 300

/** A QoS 1 or 2 message that the client has published and that is not done. */
interface Outgoing {
  readonly publish: Publish
  readonly packetId: number
  /** `received`: PUBREC came, PUBREL is owed. */
  state: 'published' | 'received' | 'released'
  /** PUBLISH was sent on the connection that is open now, and counts towards the broker's receive maximum. */
  isHere: boolean
}

/**
 * A correct client with a slow hand: it keeps across connections what a client has to keep, sends again what it has to, and
 * answers only when it is told to. It checks what a client can check of its broker.
 */
export class ModelClient {
  readonly clientId: string
  version: ProtocolVersion = ProtocolVersion.V5
  transport: WatchedTransport | null = null
  /** Nothing of what the broker sends gets here. */
  isDeaf = false
  /** What it sends is on its way. */
  isHeld = false
  /** CONNACK came. */
  isWelcome = false
  /** It sends nothing before SUBACK or UNSUBACK has come. */
  isWaiting = false
  /** Sent, and not arrived. */
  held: Packet[] = []
  readonly #onArrived: (packet: Packet) => void
  #reader: FrameReader | null = null
  /** The session that its state belongs to, and the one that it connects to. */
  #session: number | null = null
  #nextSession: number | null = null
  readonly #outgoing: Outgoing[] = []
  #lastPacketId = 0
  /** Answers that it owes, by kind, on this connection. */
  #owed = new Map<AckType, number[]>()
  /** Identifiers of QoS 2 messages that it has taken and that were not released. */
  readonly #taken = new Set<number>()
  /** Numbers of the QoS 2 messages that its application has got. */
  readonly #seenOnce = new Set<number>()

  /** `onArrived` hands a packet to the broker. */
  constructor(clientId: string, onArrived: (packet: Packet) => void) {
    this.clientId = clientId
    this.#onArrived = onArrived
  }

  get isConnected(): boolean {
    return this.transport !== null && !this.transport.isEnded
  }

  get hasOutgoing(): boolean {
    return this.#outgoing.length > 0
  }

  /**
   * Takes a new connection. `session` tells the broker's sessions of the client apart. Session Present does not always: the
   * broker may have begun a new one with a connection whose CONNACK was lost, and before 3.1.1 nothing is said at all. A
   * client that goes on with a session that is gone takes new messages for repeats.
   */
  open(transport: WatchedTransport, version: ProtocolVersion, session: number): void {
    this.transport = transport
    this.version = version
    this.isDeaf = false
    this.isHeld = false
    this.isWelcome = false
    this.isWaiting = false
    this.held = []
    this.#reader = packetReader(version, (packet) => this.#receive(packet))
    this.#owed = new Map()
    this.#nextSession = session
  }

  /** The connection is gone, with all that was on its way. */
  close(): void {
    this.transport = null
    this.isWelcome = false
    this.held = []
  }

  send(packet: Packet): void {
    if (this.isHeld || this.isWaiting) this.held.push(packet)
    else this.#sendNow(packet)
  }

  /** What was on its way arrives. */
  free(): void {
    this.isHeld = false
    this.isDeaf = false
    this.#sendHeld()
  }

  /** Publishes, as far as the broker's receive maximum allows. False when it has to wait. */
  publish(publish: Publish): boolean {
    if (publish.qos === 0) {
      this.send(publish)
      return true
    }
    const mayPublish = this.#mayPublish && this.#outgoing.length < MAX_PACKET_ID
    if (!mayPublish || this.#outgoing.some(isToBeSentAgain)) return false
    const packetId = this.#newPacketId()
    this.#outgoing.push({ publish: { ...publish, packetId }, packetId, state: 'published', isHere: true })
    this.send({ ...publish, packetId })
    return true
  }

  /** Sends up to `count` answers of a kind. */
  answer(kind: AckType, count: number): void {
    for (let i = 0; i < count && this.isConnected; i++) {
      const packetId = this.#owed.get(kind)?.shift()
      if (packetId === undefined) return
      if (kind === PacketType.PUBREL) this.#find(packetId, 'received').state = 'released'
      this.send({ type: kind, packetId, reasonCode: 0 })
    }
  }

  /** Takes in what has come; false when nothing has. */
  receive(): boolean {
    if (this.isDeaf || this.transport === null) return false
    const bytes = this.transport.take()
    this.#reader!.push(bytes, bytes.length)
    return bytes.length > 0
  }

  #sendHeld(): void {
    const { held } = this
    this.held = []
    for (const packet of held) this.send(packet)
  }

  #sendNow(packet: Packet): void {
    this.isWaiting = packet.type === PacketType.SUBSCRIBE || packet.type === PacketType.UNSUBSCRIBE
    this.#onArrived(packet)
  }

  #receive(packet: Packet): void {
    switch (packet.type) {
      case PacketType.CONNACK:
        return this.#onConnack()
      case PacketType.PUBLISH:
        return this.#onPublish(packet)
      case PacketType.PUBACK:
        return this.#done(this.#find(packet.packetId, 'published', 1))
      case PacketType.PUBREC:
        this.#find(packet.packetId, 'published', 2).state = 'received'
        return this.#owe(PacketType.PUBREL, packet.packetId)
      case PacketType.PUBCOMP:
        return this.#done(this.#find(packet.packetId, 'released', 2))
      case PacketType.PUBREL:
        this.#taken.delete(packet.packetId)
        this.#owe(PacketType.PUBCOMP, packet.packetId)
        return
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
        this.isWaiting = false
        return this.isHeld ? undefined : this.#sendHeld()
      default:
    }
  }

  #onConnack(): void {
    this.isWelcome = true
    if (this.#session !== this.#nextSession) {
      this.#session = this.#nextSession
      this.#outgoing.length = 0
      this.#taken.clear()
    }
    for (const item of this.#outgoing) {
      item.isHere = false
      // Identifiers stay in the order of the messages.
      if (item.state === 'received') this.#owe(PacketType.PUBREL, item.packetId)
    }
    this.#sendAgain()
    for (const { state, packetId } of this.#outgoing) {
      if (state === 'released') this.send({ type: PacketType.PUBREL, packetId, reasonCode: 0 })
    }
  }

  /** In the first order [MQTT-4.6.0-1], as far as the broker's receive maximum allows. */
  #sendAgain(): void {
    for (const item of this.#outgoing) {
      if (!isToBeSentAgain(item)) continue
      if (!this.#mayPublish) return
      item.isHere = true
      this.send({ ...item.publish, dup: true }) // [MQTT-3.3.1-1]
    }
  }

  get #mayPublish(): boolean {
    const maximum = this.version === ProtocolVersion.V5 ? SERVER_RECEIVE_MAXIMUM : MAX_PACKET_ID
    return this.#outgoing.filter(({ isHere }) => isHere).length < maximum
  }

  #onPublish({ payload, qos, packetId = 0 }: Publish): void {
    if (qos === 0) return
    if (qos === 2 && !this.#taken.has(packetId)) {
      this.#taken.add(packetId)
      const number = numberOf(payload)
      if (this.#seenOnce.has(number)) throw new Error(`${this.clientId} gets message ${number} twice with QoS 2`)
      this.#seenOnce.add(number)
    }
    this.#owe(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId)
  }

  #owe(kind: AckType, packetId: number): void {
    const owed = this.#owed.get(kind)
    if (owed === undefined) this.#owed.set(kind, [packetId])
    else owed.push(packetId)
  }

  #done(item: Outgoing): void {
    this.#outgoing.splice(this.#outgoing.indexOf(item), 1)
    this.#sendAgain()
  }

  #find(packetId: number, state: Outgoing['state'], qos?: QoS): Outgoing {
    const item = this.#outgoing.find((candidate) => candidate.packetId === packetId)
    if (item?.state !== state || (qos !== undefined && item.publish.qos !== qos)) {
      throw new Error(`${this.clientId} gets an answer for ${packetId}, which is ${item?.state ?? 'not open'}`)
    }
    return item
  }

  #newPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % MAX_PACKET_ID) + 1
    while (this.#outgoing.some(({ packetId }) => packetId === this.#lastPacketId))
    return this.#lastPacketId
  }
}

function isToBeSentAgain({ state, isHere }: Outgoing): boolean {
  return state === 'published' && !isHere
}

/** Payloads are the number of the message, large ones with blanks behind it. */
export function numberOf(payload: Uint8Array): number {
  return Number.parseInt(Buffer.from(payload).toString(), 10)
}
