// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodePacket } from '../../../src/codec/packet.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { toPacket } from './packet-notation.ts'
import { openSocket, SocketStream } from './socket-stream.ts'
import type { Target, TargetStream } from './target.ts'

/** How long what has to come may take. Brokers look at their timers once a second. */
const PATIENCE_MS = 1500
/** What has not come so long after clients did something, and until a PINGREQ is answered, does not come. */
const QUIET_MS = 100
/** Of clients that send at once a broker may hear the second first. */
const TURN_MS = 10
const POLL_MS = 2

/** A broker in another process, perhaps on another machine. Its time is the real one, and it cannot be restarted from here. */
export class RemoteTarget implements Target {
  readonly #host: string
  readonly #port: number
  readonly #probe: SocketStream
  readonly #streams: RemoteStream[] = []
  #lastSender: RemoteStream | null = null
  /** When a client did something for the last time. */
  #lastActionMs = performance.now()
  /** What the clock shows at this point of the script. */
  #scriptMs = performance.now()

  private constructor(host: string, port: number, probe: SocketStream) {
    this.#host = host
    this.#port = port
    this.#probe = probe
  }

  static async connect(host: string, port: number): Promise<RemoteTarget> {
    const target = new RemoteTarget(host, port, await SocketStream.open(host, port))
    await target.#ask('CONNECT id=probe', 4)
    return target
  }

  async open(): Promise<TargetStream> {
    const stream = new RemoteStream(await openSocket(this.#host, this.#port), this)
    this.#streams.push(stream)
    this.onAction()
    return stream
  }

  async settle(isDone: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS
    while (!isDone() && performance.now() < deadlineMs) await sleep(POLL_MS)
  }

  /** A client of its own asks: a PINGREQ of the script's clients would keep them alive, and some have said no CONNECT yet. */
  async quiet(): Promise<void> {
    await sleep(Math.max(TURN_MS, this.#lastActionMs + QUIET_MS - performance.now()))
    await this.#ask('PINGREQ', 2)
  }

  /** What the script spent with waiting for quiet is part of the time that it wants to pass. */
  async advance(ms: number): Promise<void> {
    this.#scriptMs += ms
    await sleep(Math.max(0, this.#scriptMs - performance.now()))
  }

  restart(): Promise<void> {
    return Promise.reject(new Error('another broker cannot be restarted from here'))
  }

  crash(): Promise<void> {
    return this.restart()
  }

  stop(): Promise<void> {
    for (const stream of [...this.#streams, this.#probe]) stream.drop()
    return Promise.resolve()
  }

  async beforeSend(stream: RemoteStream): Promise<void> {
    if (this.#lastSender !== null && this.#lastSender !== stream) await sleep(TURN_MS)
    this.#lastSender = stream
    this.onAction()
  }

  onAction(): void {
    this.#lastActionMs = performance.now()
    this.#scriptMs = this.#lastActionMs
  }

  async #ask(question: string, answerLength: number): Promise<void> {
    const version = ProtocolVersion.V3_1_1
    await this.#probe.send(encodePacket(toPacket(question, version, 'P'), version))
    await this.settle(() => this.#probe.received.length >= answerLength)
    if (this.#probe.received.length < answerLength) throw new Error(`the broker does not answer a ${question}`)
    this.#probe.take(0, answerLength)
  }
}

class RemoteStream extends SocketStream {
  readonly #target: RemoteTarget

  constructor(socket: Socket, target: RemoteTarget) {
    super(socket)
    this.#target = target
  }

  override async send(bytes: Buffer): Promise<void> {
    await this.#target.beforeSend(this)
    await super.send(bytes)
  }

  override drop(): void {
    this.#target.onAction()
    super.drop()
  }
}
