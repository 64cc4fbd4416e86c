// SPDX-License-Identifier: Apache-2.0
import { ACK_FIRST_BYTE } from '../../src/codec/ack.ts'
import type { Fault } from '../../src/codec/fault.ts'
import { FrameReader, type FrameSink } from '../../src/codec/frame-reader.ts'
import { PacketType } from '../../src/codec/packet-type.ts'
import type { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import { publishFirstByte } from '../../src/codec/publish-frame.ts'
import { Connection } from './connection.ts'
import { encodeConnect } from './handshake.ts'
import { reply, sendReplies } from './replies.ts'
import { fail, type Tally } from './tally.ts'

const MAX_PACKET_SIZE = 1024
const FIRST_DELIVERY = publishFirstByte(1, false, false)
const SESSION_PRESENT = 1

/**
 * A client that comes back to its session, whose messages may follow CONNACK in one chunk. They carry their numbers: each must
 * come exactly once and in order.
 */
export class ReturningSubscriber implements FrameSink {
  readonly connection: Connection
  readonly #clientId: string
  readonly #tally: Tally
  readonly #reader: FrameReader
  readonly #frameLength: number
  readonly #payloadBytes: number
  #isConnected = false
  received = 0

  constructor(
    port: number,
    clientId: string,
    version: ProtocolVersion,
    tally: Tally,
    frame: { readonly length: number; readonly payloadBytes: number },
  ) {
    this.#clientId = clientId
    this.#tally = tally
    this.#frameLength = frame.length
    this.#payloadBytes = frame.payloadBytes
    this.#reader = new FrameReader(this, MAX_PACKET_SIZE, false)
    this.connection = new Connection(port)
    this.connection.onBytes = (buffer, length) => this.#onBytes(buffer, length)
    this.connection.onLost = (reason) => fail(tally, `${clientId} lost its connection: ${reason}`)
    this.connection.write(encodeConnect(clientId, version, true))
  }

  #onBytes(buffer: Buffer, length: number): void {
    this.#reader.push(buffer, length)
    sendReplies(this.connection)
    this.#tally.onProgress()
  }

  onFrame(firstByte: number, buffer: Buffer, start: number, bodyStart: number, end: number): void {
    if (this.#isConnected) this.#onPublish(firstByte, buffer, start, bodyStart, end)
    else this.#onConnack(firstByte, buffer, bodyStart)
  }

  onFrameFault(_firstByte: number, fault: Fault): void {
    fail(this.#tally, `${this.#clientId} cannot read the stream: ${fault.text}`)
  }

  #onConnack(firstByte: number, buffer: Buffer, bodyStart: number): void {
    this.#isConnected = true
    if (firstByte >> 4 !== PacketType.CONNACK || buffer[bodyStart] !== SESSION_PRESENT || buffer[bodyStart + 1] !== 0) {
      fail(this.#tally, `${this.#clientId} did not get its session back`)
    }
  }

  #onPublish(firstByte: number, buffer: Buffer, start: number, bodyStart: number, end: number): void {
    if (firstByte !== FIRST_DELIVERY || end - start !== this.#frameLength) {
      return fail(this.#tally, `${this.#clientId} got 0x${firstByte.toString(16)} of ${end - start} bytes`)
    }
    const number = buffer.readUInt32LE(end - this.#payloadBytes)
    if (number !== this.received) {
      fail(this.#tally, `${this.#clientId} got message ${number} where ${this.received} was due`)
    }
    this.received++
    this.#tally.received++
    reply(ACK_FIRST_BYTE[PacketType.PUBACK], buffer, bodyStart + 2 + buffer.readUInt16BE(bodyStart))
  }
}
