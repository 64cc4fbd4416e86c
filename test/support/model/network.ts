// SPDX-License-Identifier: Apache-2.0
import { encodePacket, type Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { ReasonCode } from '../../../src/codec/reason-code.ts'
import { NEVER_EXPIRES } from '../../../src/session/session.ts'
import { checkBooks } from '../check-books.ts'
import { LossyStore } from '../lossy-store.ts'
import { MemoryBroker } from '../memory-broker.ts'
import { checkSettled } from './check-settled.ts'
import { checkLeft } from './departures.ts'
import { ModelBroker, type ModelLimits } from './model-broker.ts'
import { ModelClient } from './model-client.ts'
import { ModelConnection } from './model-connection.ts'
import { CLIENT_IDS, FOREVER, type StepOf } from './step.ts'
import { WatchedTransport } from './watched-transport.ts'

/** The broker, its clients, and what is between them; everything that passes is told to the model or held against it. */
export class Network {
  readonly broker: MemoryBroker
  readonly model: ModelBroker
  readonly store: LossyStore
  readonly clients: ReadonlyMap<string, ModelClient>
  /** Of each client, as long as the broker has not ended it. */
  readonly connections: Map<string, ModelConnection> = new Map()
  /** How many packets have reached the broker. */
  arrived = 0
  /** Output stays in the broker: it is about to crash. */
  isTurnOpen = false
  #fault: Error | null = null

  private constructor(broker: MemoryBroker, store: LossyStore, limits: ModelLimits) {
    this.store = store
    this.broker = broker
    this.model = new ModelBroker(limits, () => broker.clock.now())
    this.clients = new Map(
      CLIENT_IDS.map((clientId) => [clientId, new ModelClient(clientId, (packet) => this.arrive(clientId, packet))]),
    )
  }

  static async start(limits: ModelLimits): Promise<Network> {
    const settings = { maxQueueSize: limits.maxQueueSize, queuedMessagesStrategy: limits.strategy }
    const store = new LossyStore()
    return new Network(await MemoryBroker.start({ settings, store }), store, limits)
  }

  connect({ client: clientId, version, clean, receiveMaximum, expirySec }: StepOf<'connect'>): void {
    const isVersion5 = version === ProtocolVersion.V5
    const expiry = isVersion5 ? expirySec : clean ? 0 : FOREVER
    const connection = new ModelConnection(clientId, version, receiveMaximum, expiry)
    const begin = (): void => {
      this.model.connected(connection, clean)
      this.connections.set(clientId, connection)
    }
    const client = this.clients.get(clientId)!
    const earlier = this.connections.get(clientId)
    if (earlier === undefined) begin()
    else {
      earlier.goodbye = ReasonCode.SESSION_TAKEN_OVER
      earlier.onOver = begin
      // Nothing of what it is told will leave.
      if (client.transport!.isBlocked) this.lose(client)
    }
    const transport = this.#open(connection)
    const properties = isVersion5 ? { receiveMaximum, sessionExpiryInterval: Math.min(expirySec, NEVER_EXPIRES) } : {}
    const connect = { protocolVersion: version, clientId, cleanStart: clean, keepAliveSec: 0, properties }
    transport.send(encodePacket({ type: PacketType.CONNECT, ...connect }, version))
    client.transport?.drop()
    client.open(transport, version, connection.session!.number)
  }

  /** A packet of a client reaches the broker. */
  arrive(clientId: string, packet: Packet): void {
    const connection = this.connections.get(clientId)!
    const { transport } = this.clients.get(clientId)!
    this.arrived++
    this.model.arrived(connection, packet)
    transport!.send(encodePacket(packet, connection.version))
    if (packet.type === PacketType.DISCONNECT) this.#over(connection, false)
    if (!this.isTurnOpen) this.broker.settle()
  }

  block(client: ModelClient): void {
    client.transport!.isBlocked = true
    this.connections.get(client.clientId)!.isBlocked = true
  }

  /** What was on its way arrives, in both directions. */
  free(client: ModelClient): void {
    client.free()
    if (client.transport?.isBlocked !== true) return
    client.transport.unblock()
    this.broker.settle()
    this.connections.get(client.clientId)!.isBlocked = false
  }

  /** The connection is lost. Of what the client has sent `arriving` packets still reach the broker, and half of the next. */
  drop(client: ModelClient, arriving: number): void {
    const { version, held, isWaiting } = client
    // As long as the broker waits for its store it takes nothing that comes behind SUBSCRIBE.
    const reaching = isWaiting || this.model.isHeld ? 0 : arriving
    for (const packet of held.slice(0, reaching)) this.arrive(client.clientId, packet)
    const cut = isWaiting ? undefined : held[reaching]
    if (cut !== undefined) {
      const bytes = encodePacket(cut, version)
      client.transport!.send(bytes.subarray(0, bytes.length >> 1))
    }
    this.lose(client)
    client.close()
  }

  /** The network connection is gone. */
  lose(client: ModelClient): void {
    const connection = this.connections.get(client.clientId)
    if (connection !== undefined) this.#over(connection, connection.isBlocked)
    client.transport!.drop()
  }

  /** All connections are gone, and time has passed. A broker that has crashed is not told of it. */
  startAnew(): void {
    for (const client of this.clients.values()) client.close()
    this.connections.clear()
    this.model.restarted()
    this.model.expire()
  }

  /** What was written becomes durable. */
  releaseStore(): void {
    this.store.release()
    this.receiveAll()
    this.model.release()
  }

  /** Everything that is under way gets where it is going. */
  receiveAll(): void {
    for (let isQuiet = false; !isQuiet;) {
      isQuiet = true
      this.broker.settle()
      for (const client of this.clients.values()) if (client.receive()) isQuiet = false
    }
  }

  /** The same, and then all must be as it should be. */
  settle(): void {
    this.receiveAll()
    if (this.#fault !== null) throw this.#fault
    for (const [clientId, client] of this.clients) {
      if (client.transport?.isEnded === true) throw new Error(`the broker has ended the connection of ${clientId}`)
    }
    checkBooks(this.broker.broker)
    if (!this.model.isHeld) checkSettled(this.model, this.broker.clock.now())
  }

  #open(connection: ModelConnection): WatchedTransport {
    const transport = new WatchedTransport(connection.version, {
      onLeft: (packet) => this.#onLeft(connection, packet),
      onEnded: () => this.#over(connection, false),
    })
    this.broker.open(transport)
    return transport
  }

  #onLeft(connection: ModelConnection, packet: Packet): void {
    if (connection.isOver) return
    const now = this.broker.clock.now()
    try {
      checkLeft(connection, packet, { now, isStoreHeld: this.store.isHeld, isLate: this.model.isHeld })
    } catch (error) {
      // Not into the broker, which would take it for a fault of its own.
      this.#fault ??= error as Error
    }
  }

  #over(connection: ModelConnection, isOutputLost: boolean): void {
    if (connection.isOver) return
    this.model.lost(connection, isOutputLost)
    this.connections.delete(connection.clientId)
    connection.onOver?.()
  }
}
