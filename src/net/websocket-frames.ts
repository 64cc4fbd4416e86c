// SPDX-License-Identifier: Apache-2.0
import type { CloseReason } from '../broker/close-reason.ts'
import type { Peer } from '../broker/peer.ts'
import type { StartableTransport, TransportSink } from './transport.ts'
import { WebSocketDecoder } from './websocket-decoder.ts'
import { CloseCode, closeFrame, controlFrame, MAX_SERVER_HEADER, Opcode, writeFrameHeader } from './websocket-frame.ts'

/** Output up to here is copied behind its header: one buffer is written faster than two, and most turns have less. */
const COPIED_BYTES = 16 * 1024
/** For that copy: what the kernel takes at once leaves it free again. */
let scratch = Buffer.allocUnsafeSlow(COPIED_BYTES + MAX_SERVER_HEADER)

/** WebSocket over the transport beneath it, TCP or TLS, once the HTTP request is answered. */
export class WebSocketFrames implements StartableTransport, TransportSink {
  sink!: TransportSink
  readonly #lower: StartableTransport
  readonly #head: Buffer
  readonly #decoder = new WebSocketDecoder()
  /** The lower transport is writing. */
  #isBusy: boolean
  /** Who writes through us waits for it. */
  #isAwaited = false
  /** Its output that came while a Pong was being written. */
  #held: Buffer[] | null = null
  /** Payload of the last Ping that is not answered: only the last one has to be (RFC 6455, 5.5.3), so no more are kept. */
  #ping: Buffer | null = null
  #isEnding = false
  #isCloseSent = false

  /** Sends the answer to the request over `lower`, which has not begun to read; `head` is what came behind the request. */
  constructor(lower: StartableTransport, answer: Buffer, head: Buffer) {
    this.#lower = lower
    this.#head = head
    lower.sink = this
    this.#isBusy = !lower.write(answer)
  }

  get peer(): Peer {
    return this.#lower.peer
  }

  start(): void {
    if (this.#head.length > 0) this.onBytes(this.#head, this.#head.length)
    this.#lower.start()
  }

  /** All of it is one binary frame [MQTT-6.0.0-1] [MQTT4-6.0.0-1]. */
  write(bytes: Buffer): boolean {
    const { length } = bytes
    if (length > COPIED_BYTES || this.#isBusy) return this.writeAll([bytes])
    const lower = this.#lower
    const headerLength = writeFrameHeader(scratch, Opcode.BINARY, length)
    bytes.copy(scratch, headerLength)
    if (lower.write(scratch.subarray(0, headerLength + length))) return true
    scratch = Buffer.allocUnsafeSlow(COPIED_BYTES + MAX_SERVER_HEADER)
    return this.#await()
  }

  writeAll(chunks: readonly Buffer[]): boolean {
    let length = 0
    for (const chunk of chunks) length += chunk.length
    const header = Buffer.allocUnsafe(MAX_SERVER_HEADER)
    const frame = [header.subarray(0, writeFrameHeader(header, Opcode.BINARY, length)), ...chunks]
    if (this.#isBusy) this.#held = frame
    else if (this.#lower.writeAll(frame)) return true
    return this.#await()
  }

  pauseReading(): void {
    this.#lower.pauseReading()
  }

  resumeReading(): void {
    this.#lower.resumeReading()
  }

  end(): void {
    this.#isEnding = true
    if (!this.#isBusy) this.#close()
  }

  destroy(): void {
    this.#isEnding = true
    this.#lower.destroy()
  }

  onBytes(chunk: Buffer, length: number): void {
    if (this.#decoder.end !== null) return
    const decoder = this.#decoder
    const decoded = decoder.decode(chunk, length)
    if (decoded > 0) this.sink.onBytes(chunk, decoded)
    if (decoder.ping !== null) {
      this.#ping = decoder.ping
      decoder.ping = null
      this.#pong()
    }
    if (decoder.end === null) return
    // Both have said Close: nothing is left to be said or heard.
    if (this.#isCloseSent) this.#lower.destroy()
    else this.sink.onEnded(decoder.end.reason)
  }

  onWritten(): void {
    this.#isBusy = false
    const held = this.#held
    if (held !== null) {
      this.#held = null
      this.#isBusy = !this.#lower.writeAll(held)
      if (this.#isBusy) return
    }
    this.#pong()
    if (this.#isEnding && !this.#isCloseSent && !this.#isBusy) this.#close()
    if (!this.#isAwaited) return
    this.#isAwaited = false
    this.sink.onWritten()
  }

  onEnded(reason: CloseReason): void {
    this.sink.onEnded(reason)
  }

  onClosed(): void {
    this.sink.onClosed()
  }

  #await(): false {
    this.#isBusy = true
    this.#isAwaited = true
    return false
  }

  #pong(): void {
    const ping = this.#ping
    if (ping === null || this.#isBusy || this.#isEnding) return
    this.#ping = null
    this.#isBusy = !this.#lower.write(controlFrame(Opcode.PONG, ping))
  }

  /** Says Close and ends our side at once: that the peer answers is waited for like the end of its side on TCP. */
  #close(): void {
    this.#isCloseSent = true
    this.#isBusy = !this.#lower.write(closeFrame(this.#decoder.end?.closeCode ?? CloseCode.NORMAL))
    this.#lower.end()
  }
}
