// SPDX-License-Identifier: Apache-2.0
import { ACK_FIRST_BYTE } from '../../src/codec/ack.ts'
import type { Fault } from '../../src/codec/fault.ts'
import { FrameReader, type FrameSink } from '../../src/codec/frame-reader.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { publishFirstByte } from '../../src/codec/publish-frame.ts'
import type { Connection } from './connection.ts'
import { reply, sendReplies } from './replies.ts'
import { fail, type Tally } from './tally.ts'

const QOS_0_PUBLISH = publishFirstByte(0, false, false)

/** Somebody who waits for messages. */
export interface Subscriber {
  readonly received: number
}

/**
 * Counts QoS 0 messages without reading them: nothing else comes, and all frames have one length. One frame of each chunk
 * is looked at, to see that this is so.
 */
export class CountingSubscriber implements Subscriber {
  readonly #frameLength: number
  readonly #tally: Tally
  received = 0
  /** Bytes that are there of a frame that is not complete. */
  #begun = 0

  constructor(connection: Connection, tally: Tally, frameLength: number) {
    this.#frameLength = frameLength
    this.#tally = tally
    connection.onBytes = (buffer, length) => this.#onBytes(buffer, length)
    connection.onLost = (reason) => fail(tally, `subscriber lost its connection: ${reason}`)
  }

  #onBytes(buffer: Buffer, length: number): void {
    const frameLength = this.#frameLength
    const frameStart = this.#begun === 0 ? 0 : frameLength - this.#begun
    if (frameStart < length && buffer[frameStart] !== QOS_0_PUBLISH) {
      fail(this.#tally, `subscriber got 0x${buffer[frameStart]!.toString(16)} where a QoS 0 PUBLISH should begin`)
    }
    const bytes = this.#begun + length
    const frames = Math.trunc(bytes / frameLength)
    this.#begun = bytes - frames * frameLength
    this.received += frames
    this.#tally.received += frames
    this.#tally.onProgress()
  }
}

/** Reads every frame: for QoS 1 and 2, which are answered, and where payloads matter. */
export class ReadingSubscriber implements Subscriber, FrameSink {
  readonly #connection: Connection
  readonly #tally: Tally
  /** Gets the frame of each message. */
  readonly #onMessage: ((buffer: Buffer, start: number, end: number) => void) | null
  readonly #reader: FrameReader
  readonly #frameLength: number
  readonly #qos: QoS
  /** Neither a first delivery nor one to a live subscriber has DUP or RETAIN set. */
  readonly #firstByte: number
  received = 0

  constructor(
    connection: Connection,
    tally: Tally,
    frame: { readonly qos: QoS; readonly length: number },
    onMessage: ((buffer: Buffer, start: number, end: number) => void) | null,
  ) {
    this.#connection = connection
    this.#tally = tally
    this.#frameLength = frame.length
    this.#qos = frame.qos
    this.#firstByte = publishFirstByte(frame.qos, false, false)
    this.#onMessage = onMessage
    this.#reader = new FrameReader(this, frame.length, false)
    connection.onBytes = (buffer, length) => this.#onBytes(buffer, length)
    connection.onLost = (reason) => fail(tally, `subscriber lost its connection: ${reason}`)
  }

  #onBytes(buffer: Buffer, length: number): void {
    this.#reader.push(buffer, length)
    sendReplies(this.#connection)
    this.#tally.onProgress()
  }

  onFrame(firstByte: number, buffer: Buffer, start: number, bodyStart: number, end: number): void {
    switch (firstByte >> 4) {
      case PacketType.PUBLISH:
        this.#onPublish(firstByte, buffer, start, bodyStart, end)
        return
      case PacketType.PUBREL:
        reply(ACK_FIRST_BYTE[PacketType.PUBCOMP], buffer, bodyStart)
        return
      default:
        fail(this.#tally, `subscriber got packet type ${firstByte >> 4}`)
    }
  }

  onFrameFault(_firstByte: number, fault: Fault): void {
    fail(this.#tally, `subscriber cannot read the stream: ${fault.text}`)
  }

  #onPublish(firstByte: number, buffer: Buffer, start: number, bodyStart: number, end: number): void {
    if (firstByte !== this.#firstByte || end - start !== this.#frameLength) {
      fail(this.#tally, `subscriber got a PUBLISH 0x${firstByte.toString(16)} of ${end - start} bytes`)
    }
    this.received++
    this.#tally.received++
    this.#onMessage?.(buffer, start, end)
    if (this.#qos === 0) return
    const packetIdAt = bodyStart + 2 + buffer.readUInt16BE(bodyStart)
    reply(ACK_FIRST_BYTE[this.#qos === 1 ? PacketType.PUBACK : PacketType.PUBREC], buffer, packetIdAt)
  }
}
