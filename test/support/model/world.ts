// SPDX-License-Identifier: Apache-2.0
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { ReasonCode } from '../../../src/codec/reason-code.ts'
import type { ModelLimits } from './model-broker.ts'
import type { ModelClient } from './model-client.ts'
import { Network } from './network.ts'
import { ANSWERS, CLIENT_IDS, FOREVER, type ModelMessage, type Step, type StepOf } from './step.ts'

/** More than a link writes in place, and with a second one more than it takes without being congested. */
const LARGE_BYTES = 40_000

type NotOfAClient = 'connect' | 'publish' | 'time' | 'hold-store' | 'release-store' | 'restart' | 'crash'

/** Takes correct clients and a broker through a list of steps, and throws when something is not as it should be. */
export class World {
  readonly #network: Network
  #published = 0

  private constructor(network: Network) {
    this.#network = network
  }

  static async start(limits: ModelLimits): Promise<World> {
    return new World(await Network.start(limits))
  }

  /** Takes a step and lets the broker and the clients do what follows from it. */
  async take(next: Step): Promise<void> {
    await this.#do(next)
    this.#network.settle()
  }

  /** Everybody whose session is left comes back and answers until nothing is owed. */
  async end(): Promise<void> {
    const { clients, model } = this.#network
    this.#network.releaseStore()
    for (const client of CLIENT_IDS) {
      if (model.sessions.has(client) && !clients.get(client)!.isConnected) {
        const last = { type: 'connect', client, version: ProtocolVersion.V5, clean: false } as const
        await this.take({ ...last, expirySec: FOREVER, receiveMaximum: 65_535 })
      }
    }
    for (const client of clients.values()) if (client.isConnected) this.#network.free(client)
    this.#network.settle()
    for (let before = -1; before < this.#network.arrived;) {
      before = this.#network.arrived
      for (const client of clients.values()) for (const kind of ANSWERS) client.answer(kind, 1_000)
      this.#network.settle()
    }
    for (const { clientId, owed, window } of model.sessions.values()) {
      if (owed.length + window.size > 0) throw new Error(`something is still owed to ${clientId}`)
    }
    for (const client of clients.values()) {
      if (client.isConnected && client.hasOutgoing) throw new Error(`something of ${client.clientId} is not answered`)
    }
  }

  async #do(next: Step): Promise<void> {
    const { broker, clients, connections, model, store } = this.#network
    switch (next.type) {
      case 'connect':
        return this.#network.connect(next)
      case 'publish':
        return this.#publishMany(next)
      case 'time':
        // A client that gets no CONNACK for long is given up.
        if ([...connections.values()].some(({ isServed }) => !isServed)) this.#network.releaseStore()
        broker.advance(next.seconds * 1000)
        return model.expire()
      case 'restart':
        for (const connection of connections.values()) connection.goodbye = ReasonCode.SERVER_SHUTTING_DOWN
        for (const client of clients.values()) if (client.transport?.isBlocked === true) this.#network.lose(client)
        await broker.restart(next.downSec * 1000)
        model.release()
        return this.#network.startAnew()
      case 'hold-store':
        store.isHeld = true
        return model.hold()
      case 'release-store':
        return this.#network.releaseStore()
      case 'crash':
        this.#network.isTurnOpen = true
        if (next.last !== null) this.#publish(next.last)
        model.crashed(next.last !== null)
        store.crash()
        await broker.crash(next.downSec * 1000)
        this.#network.isTurnOpen = false
        return this.#network.startAnew()
      default: {
        const client = clients.get(next.client)!
        if (client.isConnected && client.isWelcome) this.#doAs(client, next)
      }
    }
  }

  #doAs(client: ModelClient, next: Exclude<Step, StepOf<NotOfAClient>>): void {
    switch (next.type) {
      case 'disconnect':
        return this.#disconnect(client, next.expirySec)
      case 'drop':
        return this.#network.drop(client, next.arriving)
      case 'hold-from-client':
        client.isHeld = true
        return
      case 'hold-to-client':
        client.isDeaf = true
        return
      case 'block':
        return this.#network.block(client)
      case 'free':
        return this.#network.free(client)
      case 'subscribe': {
        const { filter: topicFilter, qos } = next
        if (this.#isUnclear(client, topicFilter)) return
        const options = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
        const subscriptions = [{ topicFilter, qos, ...options }]
        return client.send({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions })
      }
      case 'unsubscribe':
        if (this.#isUnclear(client, next.filter)) return
        return client.send({ type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: [next.filter] })
      case 'answer':
        client.answer(next.kind, next.count)
    }
  }

  /** What waits inside the broker for a group's member is only clear as long as its membership does not change. */
  #isUnclear(client: ModelClient, filter: string): boolean {
    return client.transport!.isBlocked || (this.#network.model.isHeld && filter.startsWith('$share/'))
  }

  #publishMany(next: StepOf<'publish'>): void {
    // Not so much that a client that does not read would lose QoS 0.
    const count = next.isLarge ? Math.min(next.count, 5) : next.count
    for (let i = 0; i < count && this.#publish(next); i++) {
      if (next.count === 1) return
      this.#network.receiveAll()
      for (const client of this.#network.clients.values()) for (const kind of next.answers) client.answer(kind, 1)
    }
  }

  #publish({ client: clientId, topic, qos, expirySec, isLarge }: ModelMessage): boolean {
    const client = this.#network.clients.get(clientId)!
    if (!client.isConnected || !client.isWelcome) return false
    const number = this.#published + 1
    const properties = expirySec === null ? {} : { messageExpiryInterval: expirySec }
    const packet: Publish = {
      type: PacketType.PUBLISH,
      topicName: topic,
      payload: Buffer.from(String(number).padEnd(isLarge ? LARGE_BYTES : 0)),
      qos,
      retain: false,
      dup: false,
      ...(client.version === ProtocolVersion.V5 && { properties }),
    }
    const isPublished = client.publish(packet)
    if (isPublished) this.#published = number
    return isPublished
  }

  #disconnect(client: ModelClient, expirySec: number | null): void {
    // What is on its way goes before it.
    this.#network.free(client)
    if (client.isWaiting) return
    const { isVersion5, expirySec: atConnect } = this.#network.connections.get(client.clientId)!
    const isAllowed = expirySec !== null && isVersion5 && (atConnect > 0 || expirySec === 0)
    const properties = isAllowed ? { properties: { sessionExpiryInterval: expirySec } } : {}
    client.send({ type: PacketType.DISCONNECT, reasonCode: 0, ...properties })
    client.transport!.drop()
    client.close()
  }
}
