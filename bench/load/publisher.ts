// SPDX-License-Identifier: Apache-2.0
import { ACK_FIRST_BYTE } from '../../src/codec/ack.ts'
import type { Fault } from '../../src/codec/fault.ts'
import { FrameReader, type FrameSink } from '../../src/codec/frame-reader.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import type { Connection } from './connection.ts'
import type { FrameRing, FrameShape } from './frames.ts'
import { reply, sendReplies } from './replies.ts'
import { fail, type Tally } from './tally.ts'

const MAX_PACKET_SIZE = 1024
const FIRST_FAILURE_CODE = 0x80

/** What became of the publication of a frame in the ring. */
const State = { FREE: 0, SENT: 1, RECEIVED: 2 } as const

/** Gets the bytes and the place of each frame in the ring, and where it begins, before it leaves. */
export type FrameStamp = (bytes: Buffer, index: number, start: number) => void

export interface PublisherOptions {
  /** The number of its topic, for those who count deliveries. */
  readonly topic: number
  /** Publications that are not acknowledged. */
  readonly window: number
  /** Null where all frames stay as they are. */
  readonly stamp: FrameStamp | null
}

/** Sends one message again and again, or those of its ring in turn. */
export class Publisher implements FrameSink {
  readonly connection: Connection
  readonly topic: number
  readonly #tally: Tally
  readonly #reader: FrameReader
  readonly #qos: QoS
  readonly #window: number
  readonly #ring: Buffer
  readonly #stamp: FrameStamp | null
  readonly #frames: number
  readonly #frameLength: number
  readonly #payloadBytes: number
  /** By packet identifier; QoS 1 and 2. */
  readonly #states: Uint8Array
  /** Frames from here on, in the order of the ring, are asked for but not sent. */
  #next = 0
  #wanted = 0
  #inFlight = 0
  sent = 0

  constructor(
    connection: Connection,
    tally: Tally,
    { qos, payloadBytes }: FrameShape,
    ring: FrameRing,
    { topic, window, stamp }: PublisherOptions,
  ) {
    this.connection = connection
    this.topic = topic
    this.#tally = tally
    this.#qos = qos
    this.#frameLength = ring.frameLength
    this.#payloadBytes = payloadBytes
    this.#frames = ring.count
    this.#ring = ring.bytes
    this.#stamp = stamp
    this.#window = Math.min(window, this.#frames)
    this.#states = new Uint8Array(this.#frames + 1)
    this.#reader = new FrameReader(this, MAX_PACKET_SIZE, false)
    connection.onBytes = (buffer, length) => this.#onBytes(buffer, length)
    connection.onLost = (reason) => fail(tally, `publisher lost its connection: ${reason}`)
  }

  /** Asks for up to `count` messages, as many as the window lets through, and returns that number. */
  want(count: number): number {
    if (this.connection.isBlocked) return 0
    let allowed = count
    if (this.#qos > 0) {
      allowed = Math.min(count, this.#window - this.#inFlight)
      // Acknowledgements may come in any order; an identifier is not used again before its own has come.
      for (let i = 0; i < allowed; i++) {
        const packetId = ((this.#next + this.#wanted + i) % this.#frames) + 1
        if (this.#states[packetId] !== State.FREE) allowed = i
        else this.#states[packetId] = State.SENT
      }
      this.#inFlight += allowed
    }
    this.#wanted += allowed
    this.sent += allowed
    this.#tally.sent += allowed
    return allowed
  }

  /** Sends what was asked for: straight from the ring, usually in one write. */
  flush(): void {
    while (this.#wanted > 0) {
      const count = Math.min(this.#wanted, this.#frames - this.#next)
      if (this.#stamp !== null) {
        for (let i = this.#next; i < this.#next + count; i++) this.#stamp(this.#ring, i, i * this.#frameLength)
      }
      this.connection.write(
        this.#ring.subarray(this.#next * this.#frameLength, (this.#next + count) * this.#frameLength),
      )
      this.#wanted -= count
      // Without packet identifiers any frame is as good as the next.
      this.#next = this.#qos === 0 ? 0 : (this.#next + count) % this.#frames
    }
  }

  /** Sends one message with a time at the start of its payload, unless the window or the kernel stands against it. */
  sendStamped(timeMs: number): boolean {
    if (this.want(1) === 0) return false
    this.#ring.writeDoubleLE(timeMs, (this.#next + 1) * this.#frameLength - this.#payloadBytes)
    this.flush()
    return true
  }

  #onBytes(buffer: Buffer, length: number): void {
    this.#reader.push(buffer, length)
    sendReplies(this.connection)
    this.#tally.onProgress()
  }

  onFrame(firstByte: number, buffer: Buffer, _start: number, bodyStart: number, end: number): void {
    const type = firstByte >> 4
    if (type < PacketType.PUBACK || type > PacketType.PUBCOMP || type === PacketType.PUBREL) {
      const reason = type === PacketType.DISCONNECT && end > bodyStart ? ` with reason code ${buffer[bodyStart]}` : ''
      return fail(this.#tally, `publisher got packet type ${type}${reason}`)
    }
    if (end - bodyStart > 2 && buffer[bodyStart + 2]! >= FIRST_FAILURE_CODE) {
      return fail(this.#tally, `publication refused with reason code ${buffer[bodyStart + 2]}`)
    }
    const packetId = buffer.readUInt16BE(bodyStart)
    const state = this.#states[packetId]
    const expected = type === PacketType.PUBCOMP ? State.RECEIVED : State.SENT
    if (state !== expected || (type === PacketType.PUBACK) !== (this.#qos === 1)) {
      return fail(this.#tally, `publisher got packet type ${type} for packet identifier ${packetId}, which was not due`)
    }
    if (type === PacketType.PUBREC) {
      this.#states[packetId] = State.RECEIVED
      reply(ACK_FIRST_BYTE[PacketType.PUBREL], buffer, bodyStart)
      return
    }
    this.#states[packetId] = State.FREE
    this.#inFlight--
    this.#tally.acknowledged++
  }

  onFrameFault(_firstByte: number, fault: Fault): void {
    fail(this.#tally, `publisher cannot read the stream: ${fault.text}`)
  }
}
