// SPDX-License-Identifier: Apache-2.0
import { FrameReader, type FrameSink } from '../codec/frame-reader.ts'
import { Fault } from '../codec/fault.ts'
import { DEFAULT_LIMITS } from '../codec/limits.ts'
import { decodePacket, encodePacket, type Packet } from '../codec/packet.ts'
import { PacketType } from '../codec/packet-type.ts'
import { ReasonCode } from '../codec/reason-code.ts'
import type { Publish } from '../codec/publish.ts'
import { DropReason } from '../metrics/drop-reason.ts'
import { giveUpSent } from '../session/acknowledge.ts'
import { MAX_RESERVE, writePacket } from '../session/outlet.ts'
import { invariant } from '../util/invariant.ts'
import { Ring } from '../util/ring.ts'
import { type CloseReason, CloseReasons } from './close-reason.ts'
import type { Connection } from './connection.ts'
import type { InterceptionVerdict } from './extension-hooks.ts'
import type { Link, LinkListener } from './link.ts'
import type { Peer } from './peer.ts'

/** The longest packet of MQTT: what is written here was made by this broker. */
const MAX_FRAME = 268_435_460
/** Packets of this broker: what is in them was taken, by it or by one that was configured in another way. */
const OWN_LIMITS = { ...DEFAULT_LIMITS, isUtf8Strict: false, maxUserPropertyBytes: Number.POSITIVE_INFINITY }
/** While so much waits for extensions, what can wait does. */
const CONGESTED_BYTES = 64 * 1024
/** Answers, in which a reason is a word too many for clients that do not want to hear of problems. */
const EXPLAINED: ReadonlySet<PacketType> = new Set([
  PacketType.PUBACK,
  PacketType.PUBREC,
  PacketType.PUBREL,
  PacketType.PUBCOMP,
  PacketType.SUBACK,
  PacketType.UNSUBACK,
])

/**
 * A link whose packets extensions see before they leave. It stands in front of the real one of the few clients that have
 * outbound interceptors: all that writes packets writes bytes as ever, and for all other clients nothing is different. Here
 * they are cut into packets again, and pass one by one. They are looked at in a turn of their own: what comes of it may be
 * another delivery, and the one that wrote them may be in the middle of a queue.
 */
export class InterceptedLink implements Link, LinkListener, FrameSink {
  /** Bits of the types of packets that extensions want to see. */
  types = 0
  readonly slab: Buffer = Buffer.allocUnsafeSlow(MAX_RESERVE)
  listener: LinkListener
  readonly #connection: Connection
  readonly #link: Link
  readonly #reader: FrameReader = new FrameReader(this, MAX_FRAME, false)
  /** What was reserved last, and is written by now. */
  #reserved = 0
  readonly #frames = new Ring<Buffer>()
  #waitingBytes = 0
  #isScheduled = false
  /** An extension thinks about the first of the frames. */
  #isAsking = false
  #isClosing = false
  /** What waited for these frames, or was in the place of one, can go on. */
  #isMoreWanted = false
  #isGone = false

  constructor(connection: Connection, link: Link) {
    this.#connection = connection
    this.listener = link.listener
    this.#link = link
    link.listener = this
  }

  get peer(): Peer {
    return this.#link.peer
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes + this.#waitingBytes
  }

  get isCongested(): boolean {
    return this.#waitingBytes > CONGESTED_BYTES || this.#link.isCongested
  }

  reserve(length: number): number {
    this.#takeReserved()
    this.#reserved = length
    this.#schedule()
    return 0
  }

  writeShared(bytes: Buffer): void {
    this.#takeReserved()
    this.#reader.push(bytes, bytes.length)
    this.#schedule()
  }

  askForMore(): void {
    this.#link.askForMore()
  }

  pauseReading(): void {
    this.#link.pauseReading()
  }

  resumeReading(): void {
    this.#link.resumeReading()
  }

  close(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#takeReserved()
    if (this.#frames.length === 0) this.#link.close()
    else this.#schedule()
  }

  destroy(): void {
    this.#link.destroy()
  }

  onBytes(chunk: Buffer, length: number): void {
    this.listener.onBytes(chunk, length)
  }

  onReady(): void {
    this.listener.onReady()
  }

  onEnded(reason: CloseReason): void {
    this.listener.onEnded(reason)
  }

  onClosed(): void {
    this.#isGone = true
    this.#forget()
    this.listener.onClosed()
  }

  onFrame(_firstByte: number, buffer: Buffer, start: number, _bodyStart: number, end: number): void {
    const frame = Buffer.from(buffer.subarray(start, end))
    this.#frames.push(frame)
    this.#waitingBytes += frame.length
  }

  onFrameFault(_firstByte: number, fault: Fault): void {
    invariant(false, `the broker writes packets: ${fault.text}`)
  }

  #takeReserved(): void {
    const length = this.#reserved
    this.#reserved = 0
    if (length > 0 && !this.#isGone) this.#reader.push(this.slab, length)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#safely(() => {
        this.#takeReserved()
        this.#pass()
      })
    })
  }

  /** A fault of ours has no caller here that would know whose it is. */
  #safely(step: () => void): void {
    this.#connection.broker.tick()
    try {
      step()
    } catch (error) {
      this.#connection.fail(error)
    }
  }

  /** Lets frames through until an extension takes its time. */
  #pass(): void {
    while (!this.#isAsking) {
      const frame = this.#frames.peek()
      if (frame === undefined) break
      this.#passOne(frame)
    }
    if (this.#isAsking) return
    if (this.#isClosing) this.#link.close()
    else if (this.#isMoreWanted) {
      // At the end of the turn, so that a long queue leaves others theirs.
      this.#isMoreWanted = false
      this.#link.askForMore()
    }
  }

  #passOne(frame: Buffer): void {
    const packet = ((this.types >> (frame[0]! >> 4)) & 1) === 1 ? this.#decode(frame) : null
    // The CONNACK that lets a client in was seen before the client was initialised, which is before it was written.
    if (packet === null || (packet.type === PacketType.CONNACK && packet.reasonCode === ReasonCode.SUCCESS)) {
      this.#take(frame)
      writePacket(this.#link, frame)
      return
    }
    this.#isAsking = true
    let hasReturned = false
    this.#connection.extensions!.interceptOutbound(packet, (verdict) => {
      this.#isAsking = false
      if (this.#isGone) return
      this.#safely(() => {
        this.#take(frame)
        this.#onVerdict(frame, packet, verdict)
        if (hasReturned) this.#pass()
      })
    })
    hasReturned = true
  }

  #decode(frame: Buffer): Packet {
    let bodyStart = 1
    while (frame[bodyStart++]! >= 0x80);
    const packet = decodePacket(frame[0]!, frame, bodyStart, frame.length, this.#connection.version, OWN_LIMITS)
    invariant(!(packet instanceof Fault), 'the broker writes packets')
    return packet
  }

  #take(frame: Buffer): void {
    this.#frames.shift()
    if (this.#waitingBytes > CONGESTED_BYTES) this.#isMoreWanted = true
    this.#waitingBytes -= frame.length
  }

  #onVerdict(frame: Buffer, before: Packet, verdict: InterceptionVerdict): void {
    const connection = this.#connection
    const { metrics } = connection.broker
    if ('prevented' in verdict) {
      metrics.packetsSent[before.type]!--
      metrics.bytesSent -= frame.length
      if (before.type === PacketType.PUBLISH) this.#giveUp(before, DropReason.PREVENTED)
      else {
        // CONNACK: without it nothing else can be said.
        this.#forget()
        connection.closeQuietly(CloseReasons.PACKET_PREVENTED)
      }
      return
    }
    if (verdict === before) return writePacket(this.#link, frame)
    const bytes = encodePacket(this.#withoutWords(verdict), connection.version)
    if (bytes.length <= connection.maxPacketSize) {
      metrics.bytesSent += bytes.length - frame.length
      return writePacket(this.#link, bytes)
    }
    // What it has become the client does not take [MQTT-3.1.2-24]; what it was, it does.
    if (before.type !== PacketType.PUBLISH) return writePacket(this.#link, frame)
    metrics.packetsSent[before.type]!--
    metrics.bytesSent -= frame.length
    this.#giveUp(before, DropReason.MAX_PACKET_SIZE_EXCEEDED, bytes.length, connection.maxPacketSize) // [MQTT-3.1.2-25]
  }

  /** [MQTT-3.1.2-29] */
  #withoutWords(packet: Packet): Packet {
    if (this.#connection.isProblemInformationWanted || !EXPLAINED.has(packet.type)) return packet
    const { properties: _, ...rest } = packet as Packet & { properties?: object }
    return rest as Packet
  }

  #giveUp({ packetId = 0, qos, topicName }: Publish, reason: DropReason, size = 0, limit = 0): void {
    const { session, broker } = this.#connection
    if (session === null) return
    giveUpSent(broker.ledger, session, packetId, { receiver: session, qos, topicName, reason, size, limit })
    this.#isMoreWanted = true
  }

  #forget(): void {
    this.#frames.clear()
    this.#waitingBytes = 0
  }
}
