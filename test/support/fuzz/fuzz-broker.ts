// SPDX-License-Identifier: Apache-2.0
import type { Logger } from '../../../src/broker/logger.ts'
import type { BrokerSettings } from '../../../src/broker/settings.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { LossyStore } from '../lossy-store.ts'
import { MemoryBroker } from '../memory-broker.ts'
import { MemoryClient, textOf } from '../memory-client.ts'
import { MemoryTransport } from '../memory-transport.ts'
import { checkCleared } from './check-cleared.ts'
import { Conversation } from './conversation.ts'

/** What is done to a broker. A list of these can be done again to another one, and be made shorter. */
export type Action =
  | { readonly type: 'open' | 'drop' | 'block' | 'unblock'; readonly slot: number }
  | { readonly type: 'send'; readonly slot: number; readonly bytes: Buffer }
  | { readonly type: 'time'; readonly ms: number }
  | { readonly type: 'hold-store' | 'release-store' | 'check' }

/** A connection of a client that does what it likes. */
export interface Slot {
  readonly conversation: Conversation
  /** One of the two sides has ended it. */
  readonly isGone: boolean
}

interface MemorySlot extends Slot {
  readonly transport: FuzzTransport
}

class FuzzTransport extends MemoryTransport {
  readonly #onOutput: (bytes: Buffer) => void

  constructor(onOutput: (bytes: Buffer) => void) {
    super()
    this.#onOutput = onOutput
  }

  override writeAll(chunks: readonly Buffer[]): boolean {
    for (const chunk of chunks) this.#onOutput(chunk)
    // Nobody takes it; what is blocked is not taken either, but need not be kept.
    return this.isClosed || !this.isBlocked
  }
}

/** Longest expiry of a session, so that all of them end. */
export const SESSION_EXPIRY_SEC = 3_600
const BYSTANDERS = [ProtocolVersion.V3_1_1, ProtocolVersion.V5]

/** A broker, clients that misbehave, and two that do not and must not notice. */
export class FuzzBroker {
  readonly memory: MemoryBroker
  readonly slots: Map<number, MemorySlot> = new Map()
  readonly #store: LossyStore
  readonly #bystanders: MemoryClient[]
  #checks = 0
  readonly #faults: Error[]

  private constructor(memory: MemoryBroker, store: LossyStore, faults: Error[]) {
    this.memory = memory
    this.#store = store
    this.#faults = faults
    this.#bystanders = BYSTANDERS.map((version) => {
      const bystander = MemoryClient.connect(memory, `bystander ${version}`, { version })
      bystander.subscribe([`bystander/${version}`], 1)
      return bystander
    })
  }

  static async start(settings: Partial<BrokerSettings>): Promise<FuzzBroker> {
    const faults: Error[] = []
    const nothing = (): void => undefined
    const logger: Logger = {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: (text, error) => void faults.push(new Error(text, { cause: error })),
    }
    const store = new LossyStore()
    const limited = { sessionExpiryMaxInterval: SESSION_EXPIRY_SEC, ...settings }
    return new FuzzBroker(await MemoryBroker.start({ settings: limited, store, logger }), store, faults)
  }

  /** Throws when the broker does what it must not. */
  do(action: Action): void {
    this.#do(action)
    this.memory.settle()
    this.#throwFault()
    if (this.#store.isHeld) return
    for (const { conversation, transport } of this.slots.values()) if (!transport.isBlocked) conversation.endTurn()
  }

  #do(action: Action): void {
    switch (action.type) {
      case 'open':
        this.slots.get(action.slot)?.transport.drop()
        return this.#open(action.slot)
      case 'send': {
        const slot = this.slots.get(action.slot)
        if (slot === undefined || slot.transport.isClosed) return
        slot.conversation.fromClient(action.bytes)
        slot.transport.send(action.bytes)
        return
      }
      case 'drop':
        this.slots.get(action.slot)?.transport.drop()
        this.slots.delete(action.slot)
        return
      case 'block': {
        const slot = this.slots.get(action.slot)
        if (slot !== undefined) slot.transport.isBlocked = true
        return
      }
      case 'unblock': {
        const slot = this.slots.get(action.slot)
        if (slot?.transport.isBlocked === true) slot.transport.unblock()
        return
      }
      case 'time':
        return this.memory.advance(action.ms)
      case 'hold-store':
        this.#store.isHeld = true
        return
      case 'release-store':
        return this.#store.release()
      case 'check':
        this.#store.release()
        this.memory.settle()
        this.#checkSlots()
        return this.#checkBystanders()
    }
  }

  /** All clients go, time passes, retained messages are cleared: then nothing may be left. */
  async clear(): Promise<void> {
    this.do({ type: 'check' })
    for (const slot of this.slots.keys()) this.do({ type: 'unblock', slot })
    this.#checkPings()
    for (const slot of this.slots.keys()) this.do({ type: 'drop', slot })
    // Wills are published late, messages and sessions expire; each of them may set off others.
    for (let hour = 0; hour < 3; hour++) this.do({ type: 'time', ms: SESSION_EXPIRY_SEC * 1000 })
    for (const bystander of this.#bystanders) bystander.drop()
    this.#clearRetained()
    this.do({ type: 'time', ms: 10_000 })
    await checkCleared(this.memory.broker, this.memory.clock)
  }

  #open(number: number): void {
    const conversation = new Conversation(this.memory.broker.limits)
    const transport = new FuzzTransport((bytes) => {
      try {
        if (transport.isEnded) throw new Error('the server writes after the end')
        conversation.fromServer(bytes)
      } catch (error) {
        this.#faults.push(error as Error)
      }
    })
    this.memory.open(transport)
    this.slots.set(number, {
      transport,
      conversation,
      get isGone() {
        return transport.isEnded || transport.isClosed
      },
    })
  }

  #checkSlots(): void {
    for (const { transport, conversation } of this.slots.values()) {
      if (transport.isBlocked || transport.isEnded) continue
      if (conversation.isBroken) throw new Error('the broker goes on after a packet that is malformed')
      if (!conversation.isServerAtBoundary) throw new Error('the broker has sent a part of a packet')
    }
  }

  /** Whoever is in the middle of nothing gets an answer. */
  #checkPings(): void {
    for (const [slot, { transport, conversation }] of this.slots) {
      if (transport.isEnded || transport.isClosed || !conversation.isConnected || !conversation.isAtBoundary) continue
      const before = conversation.pings
      this.do({ type: 'send', slot, bytes: Buffer.from([PacketType.PINGREQ << 4, 0]) })
      if (conversation.pings !== before + 1) throw new Error('PINGREQ is not answered')
    }
  }

  #checkBystanders(): void {
    const payload = String(++this.#checks)
    for (const bystander of this.#bystanders) {
      const { version } = bystander
      bystander.publish(`bystander/${version}`, payload, { qos: 1 })
      bystander.send({ type: PacketType.PINGREQ })
      const packets = bystander.take()
      const own = packets.find((packet) => packet.type === PacketType.PUBLISH && textOf(packet) === payload)
      const types = new Set(packets.map(({ type }) => type))
      const isServed = types.has(PacketType.PUBACK) && types.has(PacketType.PINGRESP)
      if (own?.type !== PacketType.PUBLISH || !isServed)
        throw new Error(`a bystander of version ${version} is not served`)
      for (const packet of packets) {
        if (packet.type === PacketType.PUBLISH && packet.qos > 0) bystander.ack(PacketType.PUBACK, packet.packetId!)
      }
    }
  }

  #clearRetained(): void {
    const sweeper = MemoryClient.connect(this.memory, 'sweeper')
    // Not by a subscription: wildcards may be switched off.
    const topics = [...this.memory.broker.retained.match('#')].map(({ topicName }) => topicName)
    for (const topic of topics) sweeper.publish(topic, '', { retain: true })
    sweeper.drop()
  }

  #throwFault(): void {
    const fault = this.#faults[0]
    if (fault !== undefined) throw fault
    if (this.memory.broker.metrics.internalErrors > 0) throw new Error('an internal error was not logged')
  }
}
