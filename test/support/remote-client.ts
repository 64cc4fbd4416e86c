// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Ack } from '../../src/codec/ack.ts'
import type { Connack } from '../../src/codec/connack.ts'
import type { Connect } from '../../src/codec/connect.ts'
import { encodePacket, type Packet } from '../../src/codec/packet.ts'
import { PacketType, type QoS } from '../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'
import type { Publish } from '../../src/codec/publish.ts'
import type { SubscriptionAck } from '../../src/codec/suback.ts'
import { packetReader } from './model/watched-transport.ts'

export interface RemoteClientOptions {
  readonly version?: ProtocolVersion
  /** The session outlives the connection. */
  readonly isPersistent?: boolean
  readonly connect?: Partial<Connect>
}

/** Nothing takes longer, unless it does not come at all. */
const PATIENCE_MS = 20_000

/** A client of a broker process that does nothing on its own: the test says what it sends, and waits for what comes. */
export class RemoteClient implements Disposable {
  readonly version: ProtocolVersion
  readonly #socket: Socket
  readonly #packets: Packet[] = []
  #isEnded = false
  #error: Error | null = null
  #onNews: () => void = () => undefined
  sessionPresent = false

  private constructor(socket: Socket, version: ProtocolVersion) {
    this.version = version
    this.#socket = socket
    const reader = packetReader(version, (packet) => this.#packets.push(packet))
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, chunk.length)
      } catch (error) {
        socket.destroy(error as Error)
      }
      this.#onNews()
    })
    // 'close' follows.
    socket.on('error', (error) => (this.#error = error))
    socket.on('close', () => {
      this.#isEnded = true
      this.#onNews()
    })
  }

  /** Opens a connection and sends CONNECT; what comes of it is left. */
  static async open(port: number, clientId: string, options: RemoteClientOptions = {}): Promise<RemoteClient> {
    const { version = ProtocolVersion.V5, isPersistent = false } = options
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    const client = new RemoteClient(socket, version)
    const expiry = isPersistent && version === ProtocolVersion.V5 ? { sessionExpiryInterval: 3600 } : {}
    client.send({
      type: PacketType.CONNECT,
      protocolVersion: version,
      cleanStart: !isPersistent,
      keepAliveSec: 0,
      clientId,
      ...options.connect,
      properties: { ...expiry, ...options.connect?.properties },
    })
    return client
  }

  static async connect(port: number, clientId: string, options: RemoteClientOptions = {}): Promise<RemoteClient> {
    const client = await RemoteClient.open(port, clientId, options)
    const { reasonCode, sessionPresent } = await client.next<Connack>(PacketType.CONNACK)
    if (reasonCode !== 0) throw new Error(`${clientId} was refused with ${reasonCode}`)
    client.sessionPresent = sessionPresent
    return client
  }

  send(...packets: readonly Packet[]): void {
    this.#socket.write(Buffer.concat(packets.map((packet) => encodePacket(packet, this.version))))
  }

  /** Sends a message, and returns the code of its PUBACK or PUBREC. At QoS 2 the rest is left. */
  async publish(topicName: string, payload: string | Uint8Array, more: Partial<Publish> = {}): Promise<number> {
    const { qos = 0 } = more
    this.send({
      type: PacketType.PUBLISH,
      topicName,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos,
      retain: false,
      dup: false,
      ...(qos > 0 && { packetId: 1 }),
      ...more,
    })
    if (qos === 0) return 0
    const { reasonCode } = await this.next<Ack>(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC)
    return reasonCode
  }

  async subscribe(topicFilters: readonly string[], qos: QoS = 0): Promise<readonly number[]> {
    const subscriptions = topicFilters.map((topicFilter) => {
      return { topicFilter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    })
    this.send({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions })
    return (await this.next<SubscriptionAck>(PacketType.SUBACK)).reasonCodes
  }

  /** Takes the next packet of a type. */
  async next<P extends Packet>(type: P['type']): Promise<P> {
    const find = (): number => this.#packets.findIndex((packet) => packet.type === type)
    await this.#until(() => find() >= 0, `packet type ${type}`)
    return this.#packets.splice(find(), 1)[0] as P
  }

  /** Takes the next message, and acknowledges it if it is one of QoS 1. */
  async nextMessage(): Promise<Publish> {
    const publish = await this.next<Publish>(PacketType.PUBLISH)
    if (publish.qos === 1) this.send({ type: PacketType.PUBACK, packetId: publish.packetId!, reasonCode: 0 })
    return publish
  }

  /** Waits until the broker has ended the connection. Returns what had come and was not taken. */
  async ended(): Promise<readonly Packet[]> {
    await this.#until(() => this.#isEnded, 'the end of the connection')
    return this.#packets
  }

  /** Leaves with DISCONNECT and waits until the broker knows. */
  async disconnect(): Promise<void> {
    this.send({ type: PacketType.DISCONNECT, reasonCode: 0 })
    await this.ended()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #until(isMet: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const check = (): void => {
      if (isMet()) resolve()
      else if (this.#isEnded) reject(new Error(`the connection has ended before ${what} came: ${this.#seen}`))
    }
    this.#onNews = check
    check()
    const timer = setTimeout(() => reject(new Error(`${what} does not come: ${this.#seen}`)), PATIENCE_MS)
    await promise.finally(() => clearTimeout(timer))
  }

  get #seen(): string {
    const types = this.#packets.map(({ type }) => type)
    return `packets of types ${types.join()} came${this.#error === null ? '' : `, then: ${this.#error.message}`}`
  }
}

export function textOf({ payload }: Publish): string {
  return Buffer.from(payload).toString()
}
