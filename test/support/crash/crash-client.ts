// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from 'node:net'
import type { Ack } from '../../../src/codec/ack.ts'
import type { Connack } from '../../../src/codec/connack.ts'
import type { Will } from '../../../src/codec/connect.ts'
import type { FrameReader } from '../../../src/codec/frame-reader.ts'
import { encodePacket, type Packet } from '../../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { FIRST_ERROR } from '../../../src/codec/reason-code.ts'
import type { SubscriptionAck } from '../../../src/codec/suback.ts'
import type { SubscriptionRequest } from '../../../src/codec/subscribe.ts'
import { packetReader } from '../model/watched-transport.ts'
import type { ClientMemory, Outgoing } from './client-memory.ts'
import { ConnectionLost, type Network } from './network.ts'

/** What an MQTT 5 client may have open: the broker's default. */
const WINDOW = 10
/** From a small range, so that identifiers are soon used again. */
const MAX_PACKET_ID = 50
const SESSION_EXPIRY_SEC = 3600

export interface ConnectOptions {
  /** The session begins anew and ends with the connection. */
  readonly isBrief?: boolean
  readonly will?: Will
  readonly receiveMaximum?: number
}

export interface PublishOptions {
  /** So many blanks stand behind the text. */
  readonly padding?: number
  readonly retain?: boolean
}

export interface ClientEvents {
  /** A message for the application: at QoS 2 not the repeats. */
  readonly onMessage?: (publish: Publish) => void
  /** The broker has taken a message on. */
  readonly onTaken?: (outgoing: Outgoing, reasonCode: number) => void
}

/** A correct client of a broker that may be killed at any time: it keeps what it has to, and sends again what it has to. */
export class CrashClient {
  readonly memory: ClientMemory
  /** It takes so long for each of its answers to the broker's messages. */
  answerMs = 0
  readonly #network: Network
  readonly #events: ClientEvents
  #socket: Socket | null = null
  #isLeaving = false
  #output: Buffer[] = []
  #isInChunk = false
  #answers: Ack[] = []
  #answerTimer: NodeJS.Timeout | null = null
  readonly #expected = new Map<PacketType, PromiseWithResolvers<Packet>>()
  #ended = Promise.resolve()

  constructor(network: Network, memory: ClientMemory, events: ClientEvents = {}) {
    this.#network = network
    this.memory = memory
    this.#events = events
  }

  get isConnected(): boolean {
    return this.#socket !== null
  }

  /** Resolves when there is no connection any more. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** Connects and takes up where the last connection ended. Returns whether the broker had a session. */
  async connect({ isBrief = false, will, receiveMaximum }: ConnectOptions = {}): Promise<boolean> {
    const { clientId, version } = this.memory
    await this.#open()
    const expiry = version === ProtocolVersion.V5 && !isBrief ? { sessionExpiryInterval: SESSION_EXPIRY_SEC } : {}
    this.send({
      type: PacketType.CONNECT,
      protocolVersion: version,
      cleanStart: isBrief,
      keepAliveSec: 0,
      clientId,
      ...(will && { will }),
      properties: { ...expiry, ...(receiveMaximum !== undefined && { receiveMaximum }) },
    })
    const { reasonCode, sessionPresent } = await this.#next<Connack>(PacketType.CONNACK)
    if (reasonCode !== 0) throw new Error(`${clientId} was refused with ${reasonCode}`)
    return sessionPresent
  }

  /** The same for a session that must be there if it was there before. */
  async resume(options: ConnectOptions = {}): Promise<void> {
    const { clientId, hasSession } = this.memory
    if (!(await this.connect(options)) && hasSession) throw new Error(`the session of ${clientId} is gone`)
    this.memory.hasSession = true
  }

  get mayPublish(): boolean {
    return this.isConnected && !this.#expected.has(PacketType.CONNACK) && this.memory.outgoing.length < WINDOW
  }

  publish(topicName: string, text: string, qos: QoS, { padding = 0, retain = false }: PublishOptions = {}): void {
    const packetId = this.#newPacketId()
    const outgoing = { packetId, topicName, text, padding, qos, retain, isReceived: false }
    this.memory.outgoing.push(outgoing)
    this.send(toPublish(outgoing, false))
  }

  async subscribe(subscriptions: readonly SubscriptionRequest[], identifier?: number): Promise<void> {
    const properties = identifier === undefined ? {} : { subscriptionIdentifiers: [identifier] }
    this.send({ type: PacketType.SUBSCRIBE, packetId: this.#newPacketId(), subscriptions, properties })
    const { reasonCodes } = await this.#next<SubscriptionAck>(PacketType.SUBACK)
    if (reasonCodes.some((code, i) => code !== subscriptions[i]!.qos))
      throw new Error(`SUBACK has ${reasonCodes.join()}`)
  }

  async unsubscribe(topicFilters: readonly string[]): Promise<void> {
    this.send({ type: PacketType.UNSUBSCRIBE, packetId: this.#newPacketId(), topicFilters })
    await this.#next(PacketType.UNSUBACK)
  }

  /** Leaves with DISCONNECT; resolves when the broker has closed. */
  async disconnect(sessionExpiryInterval?: number): Promise<void> {
    this.#isLeaving = true
    const properties = sessionExpiryInterval === undefined ? {} : { properties: { sessionExpiryInterval } }
    this.send({ type: PacketType.DISCONNECT, reasonCode: 0, ...properties })
    await this.#ended
  }

  /** Cuts the connection. */
  async drop(): Promise<void> {
    this.#isLeaving = true
    this.#socket?.destroy()
    await this.#ended
  }

  send(...packets: readonly Packet[]): void {
    this.#output.push(...packets.map((packet) => encodePacket(packet, this.memory.version)))
    if (!this.#isInChunk) this.#flush()
  }

  #flush(): void {
    // Even if there is nothing to send: what came is known now.
    this.#network.changed()
    const output = this.#output
    this.#output = []
    if (output.length > 0) this.#socket?.write(Buffer.concat(output))
  }

  async #open(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: this.#network.port, noDelay: true })
    const opened = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const reader = packetReader(this.memory.version, (packet) => this.#receive(packet))
    this.#socket = socket
    this.#isLeaving = false
    this.#ended = ended.promise
    socket.on('connect', opened.resolve)
    socket.on('data', (chunk: Buffer) => this.#onChunk(reader, chunk))
    // 'close' follows.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      opened.reject(new ConnectionLost(`${this.memory.clientId} could not connect`))
      this.#onEnd()
      ended.resolve()
    })
    await opened.promise
  }

  #onChunk(reader: FrameReader, chunk: Buffer): void {
    this.#isInChunk = true
    try {
      reader.push(chunk, chunk.length)
    } catch (error) {
      this.#network.fail(error)
    }
    this.#isInChunk = false
    this.#flush()
  }

  #onEnd(): void {
    const { clientId } = this.memory
    this.#socket = null
    this.#output = []
    this.#answers = []
    if (this.#answerTimer !== null) clearTimeout(this.#answerTimer)
    this.#answerTimer = null
    if (!this.#isLeaving && !this.#network.isGoingDown) this.#network.fail(new Error(`${clientId} lost its connection`))
    for (const { reject } of this.#expected.values()) reject(new ConnectionLost(`${clientId} lost its connection`))
    this.#expected.clear()
  }

  /** The next packet of a type of which one is due. */
  #next<P extends Packet>(type: P['type']): Promise<P> {
    const expected = Promise.withResolvers<Packet>()
    if (!this.isConnected) expected.reject(new ConnectionLost(`${this.memory.clientId} is not connected`))
    else this.#expected.set(type, expected)
    return expected.promise as Promise<P>
  }

  #receive(packet: Packet): void {
    switch (packet.type) {
      case PacketType.PUBLISH:
        return this.#onPublish(packet)
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        return this.#onAck(packet.type, packet.packetId, packet.reasonCode)
      case PacketType.DISCONNECT:
        if (this.#network.isGoingDown) return
        throw new Error(`${this.memory.clientId} was disconnected with ${packet.reasonCode}`)
      default: {
        if (packet.type === PacketType.CONNACK) this.#onConnack(packet)
        const expected = this.#expected.get(packet.type)
        if (expected === undefined) throw new Error(`${this.memory.clientId} gets packet type ${packet.type} unasked`)
        this.#expected.delete(packet.type)
        expected.resolve(packet)
      }
    }
  }

  #onConnack({ reasonCode, sessionPresent }: Connack): void {
    if (reasonCode !== 0) return
    const { memory } = this
    if (!sessionPresent) {
      memory.incoming.clear()
      // A session that was not there has none of it; what is left is sent as new.
      for (const outgoing of memory.outgoing) outgoing.isReceived = false
    }
    // In the first order [MQTT-4.6.0-1].
    for (const outgoing of memory.outgoing) {
      if (outgoing.isReceived) this.#ack(PacketType.PUBREL, outgoing.packetId)
      else this.send(toPublish(outgoing, sessionPresent))
    }
  }

  #onPublish(publish: Publish): void {
    const { qos, packetId = 0 } = publish
    const { incoming } = this.memory
    if (qos < 2 || !incoming.has(packetId)) this.#events.onMessage?.(publish)
    if (qos === 2) incoming.add(packetId)
    if (qos > 0) this.#answer(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId)
  }

  #onAck(type: AckType, packetId: number, reasonCode: number): void {
    const { memory } = this
    if (type === PacketType.PUBREL) {
      memory.incoming.delete(packetId)
      return this.#answer(PacketType.PUBCOMP, packetId)
    }
    const outgoing = memory.outgoing.find((candidate) => candidate.packetId === packetId)
    const isFitting =
      outgoing !== undefined &&
      outgoing.qos === (type === PacketType.PUBACK ? 1 : 2) &&
      outgoing.isReceived === (type === PacketType.PUBCOMP)
    // PUBCOMP may say that the broker does not know the identifier any more: it has sent an earlier one that got lost.
    if (!isFitting || (type !== PacketType.PUBCOMP && reasonCode >= FIRST_ERROR)) {
      throw new Error(`${memory.clientId} gets packet type ${type} with ${reasonCode} for ${JSON.stringify(outgoing)}`)
    }
    if (type === PacketType.PUBREC) {
      outgoing.isReceived = true
      this.#ack(PacketType.PUBREL, packetId)
    } else memory.outgoing.splice(memory.outgoing.indexOf(outgoing), 1)
    if (type !== PacketType.PUBCOMP) this.#events.onTaken?.(outgoing, reasonCode)
  }

  /** Answers to what the broker sends come one by one where the client is slow. */
  #answer(type: AckType, packetId: number): void {
    if (this.answerMs === 0 && this.#answers.length === 0) return this.#ack(type, packetId)
    this.#answers.push({ type, packetId, reasonCode: 0 })
    this.#answerTimer ??= setTimeout(() => this.#answerNext(), this.answerMs)
  }

  #answerNext(): void {
    const next = this.#answers.splice(0, this.answerMs === 0 ? this.#answers.length : 1)
    this.#answerTimer = this.#answers.length > 0 ? setTimeout(() => this.#answerNext(), this.answerMs) : null
    this.send(...next)
  }

  #ack(type: AckType, packetId: number): void {
    this.send({ type, packetId, reasonCode: 0 })
  }

  #newPacketId(): number {
    const { memory } = this
    do memory.lastPacketId = (memory.lastPacketId % MAX_PACKET_ID) + 1
    while (memory.outgoing.some(({ packetId }) => packetId === memory.lastPacketId))
    return memory.lastPacketId
  }
}

function toPublish({ packetId, topicName, text, padding, qos, retain }: Outgoing, dup: boolean): Publish {
  const payload = Buffer.alloc(text.length + padding, ' ')
  payload.write(text, 'latin1')
  return { type: PacketType.PUBLISH, topicName, payload, qos, retain, dup, packetId }
}

export function requestOf(topicFilter: string, qos: QoS): SubscriptionRequest {
  return { topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 }
}

/** What stands before the padding. */
export function textOf({ payload }: Publish): string {
  return Buffer.from(payload).toString('latin1').trimEnd()
}
