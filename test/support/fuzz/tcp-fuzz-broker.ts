// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { Broker } from '../../../src/broker/broker.ts'
import { DEFAULT_SETTINGS } from '../../../src/broker/settings.ts'
import { encodePacket, type Packet } from '../../../src/codec/packet.ts'
import { PacketType } from '../../../src/codec/packet-type.ts'
import { ProtocolVersion } from '../../../src/codec/protocol-version.ts'
import { FlushQueue } from '../../../src/net/flush-queue.ts'
import { TcpListener } from '../../../src/net/tcp-listener.ts'
import { MemoryStore } from '../../../src/store/memory-store.ts'
import { FakeClock } from '../fake-clock.ts'
import { strictLogger } from '../strict-logger.ts'
import { checkCleared } from './check-cleared.ts'
import { Conversation } from './conversation.ts'
import { type Action, SESSION_EXPIRY_SEC, type Slot } from './fuzz-broker.ts'

/** Both ends are in this process: after so many turns of the event loop most of what was sent has arrived. */
const QUIET_TURNS = 30
/** What has not arrived by then was not sent. */
const LONGEST_WAIT_MS = 5_000
const BYSTANDER = 'bystander'

class SocketSlot implements Slot {
  readonly socket: Socket
  readonly conversation: Conversation
  isGone = false
  isPaused = false
  fault: Error | null = null

  constructor(socket: Socket, conversation: Conversation) {
    this.socket = socket
    this.conversation = conversation
    socket.on('data', (chunk: Buffer) => {
      try {
        conversation.fromServer(chunk)
      } catch (error) {
        this.fault ??= error as Error
      }
    })
    // A broker may reset a connection that it ends.
    for (const event of ['end', 'close', 'error']) socket.on(event, () => (this.isGone = true))
  }

  send(bytes: Buffer): void {
    if (this.isGone) return
    this.conversation.fromClient(bytes)
    this.socket.write(bytes)
  }

  sendPacket(packet: Packet): void {
    this.send(encodePacket(packet, ProtocolVersion.V5))
  }
}

/** The same as `FuzzBroker` on real sockets, as far as can be told from the other end of them. */
export class TcpFuzzBroker {
  readonly slots: Map<number, SocketSlot> = new Map()
  readonly #clock: FakeClock
  readonly #broker: Broker
  readonly #listener: TcpListener
  #bystander!: SocketSlot
  #checks = 0

  private constructor(clock: FakeClock, broker: Broker, listener: TcpListener) {
    this.#clock = clock
    this.#broker = broker
    this.#listener = listener
  }

  static async start(): Promise<TcpFuzzBroker> {
    const clock = new FakeClock()
    const settings = { ...DEFAULT_SETTINGS, sessionExpiryMaxInterval: SESSION_EXPIRY_SEC }
    const broker = new Broker({ settings, store: new MemoryStore(), clock, logger: strictLogger })
    await broker.start()
    const listener = new TcpListener(
      { name: 'fuzz', bindAddress: '127.0.0.1', port: 0 },
      new FlushQueue(),
      (link) => broker.accept(link),
      (error) => strictLogger.error(error.message),
    )
    await listener.open()
    const fuzzBroker = new TcpFuzzBroker(clock, broker, listener)
    await fuzzBroker.#connectBystander()
    return fuzzBroker
  }

  async do(action: Action): Promise<void> {
    switch (action.type) {
      case 'open':
        this.slots.get(action.slot)?.socket.destroy()
        this.slots.set(action.slot, await this.#open())
        return
      case 'send':
        this.slots.get(action.slot)?.send(action.bytes)
        return endOfTurn()
      case 'drop':
        this.slots.get(action.slot)?.socket.destroy()
        this.slots.delete(action.slot)
        return
      case 'block':
      case 'unblock': {
        const slot = this.slots.get(action.slot)
        if (slot === undefined) return
        slot.isPaused = action.type === 'block'
        if (slot.isPaused) slot.socket.pause()
        else slot.socket.resume()
        return
      }
      case 'time':
        await settle()
        this.#clock.advance(action.ms)
        return
      case 'check':
        await settle(() => this.#all.every(isInOrder))
        this.#checkSlots()
        return this.#checkBystander()
      default:
    }
  }

  /** All clients go and time passes: then nothing may be left, of them and of their sockets. */
  async stop(): Promise<void> {
    for (const slot of this.slots.keys()) await this.do({ type: 'unblock', slot })
    await this.do({ type: 'check' })
    for (const slot of this.slots.keys()) await this.do({ type: 'drop', slot })
    for (let hour = 0; hour < 3; hour++) await this.do({ type: 'time', ms: SESSION_EXPIRY_SEC * 1000 })
    for (const { topicName } of this.#broker.retained.match('#')) {
      this.#bystander.sendPacket({ ...publish(topicName, ''), retain: true })
    }
    await settle(() => this.#broker.retained.size === 0)
    this.#bystander.socket.destroy()
    await settle(() => this.#broker.connections.size === 0)
    await this.do({ type: 'time', ms: 10_000 })
    await checkCleared(this.#broker, this.#clock)
    this.#listener.close()
    await this.#broker.stop()
    await settle()
  }

  async #open(): Promise<SocketSlot> {
    const socket = connectSocket(this.#listener.port, '127.0.0.1')
    await once(socket, 'connect')
    return new SocketSlot(socket, new Conversation(this.#broker.limits))
  }

  get #all(): SocketSlot[] {
    return [this.#bystander, ...this.slots.values()]
  }

  #checkSlots(): void {
    for (const slot of this.#all) {
      if (slot.fault !== null) throw slot.fault
      if (!isInOrder(slot))
        throw new Error('the broker goes on after a packet that is malformed, or stops within its own')
      slot.conversation.endTurn()
    }
    if (this.#broker.metrics.internalErrors > 0) throw new Error('an internal error was not logged')
  }

  async #connectBystander(): Promise<void> {
    this.#bystander = await this.#open()
    const connect = { protocolVersion: ProtocolVersion.V5, clientId: BYSTANDER, cleanStart: true, keepAliveSec: 0 }
    this.#bystander.sendPacket({ type: PacketType.CONNECT, ...connect, properties: {} })
    await settle()
    const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    const subscriptions = [{ topicFilter: BYSTANDER, ...options }]
    this.#bystander.sendPacket({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions })
    await settle()
  }

  async #checkBystander(): Promise<void> {
    const { conversation } = this.#bystander
    const payload = String(++this.#checks)
    conversation.received = []
    this.#bystander.sendPacket(publish(BYSTANDER, payload))
    this.#bystander.sendPacket({ type: PacketType.PINGREQ })
    const isOwn = (packet: Packet): boolean => {
      return packet.type === PacketType.PUBLISH && Buffer.from(packet.payload).toString() === payload
    }
    const isServed = (): boolean => {
      return conversation.received.some(isOwn) && conversation.received.some(({ type }) => type === PacketType.PINGRESP)
    }
    await settle(isServed)
    if (!isServed()) throw new Error('a bystander is not served')
  }
}

function publish(topicName: string, payload: string): Packet & { type: typeof PacketType.PUBLISH } {
  return { type: PacketType.PUBLISH, topicName, payload: Buffer.from(payload), qos: 0, retain: false, dup: false }
}

function isInOrder({ conversation, isGone, isPaused }: SocketSlot): boolean {
  return isPaused || isGone || (!conversation.isBroken && conversation.isServerAtBoundary)
}

/** Some turns of the event loop, and more of them where something has to come. */
async function settle(isDone: () => boolean = () => true): Promise<void> {
  const end = performance.now() + LONGEST_WAIT_MS
  for (let turn = 0; turn < QUIET_TURNS || (!isDone() && performance.now() < end); turn++) await endOfTurn()
}
