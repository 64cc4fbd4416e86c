// SPDX-License-Identifier: Apache-2.0
import type { Disconnect } from '../codec/disconnect.ts'
import { type Fault, Faults } from '../codec/fault.ts'
import { FrameReader, type FrameSink } from '../codec/frame-reader.ts'
import { encodePacket, type Packet } from '../codec/packet.ts'
import { PacketType } from '../codec/packet-type.ts'
import { ProtocolVersion } from '../codec/protocol-version.ts'
import { pump } from '../session/pump.ts'
import { writePacket, type Outlet } from '../session/outlet.ts'
import type { Session } from '../session/session.ts'
import { Timer } from '../util/timer-wheel.ts'
import type { Authorizer, ClientIdentity } from './authorizer.ts'
import type { AuthExchange } from './auth-exchange.ts'
import type { Broker } from './broker.ts'
import { type CloseReason, CloseReasons } from './close-reason.ts'
import { ConnectionState } from './connection-state.ts'
import type { ClientHooks } from './extension-hooks.ts'
import { handleConnect, refuseForInternalError, refuseOversizedConnect } from './handle-connect.ts'
import { handlePacket } from './handle-packet.ts'
import { InputGate } from './input-gate.ts'
import { interceptInbound } from './intercept-inbound.ts'
import type { Link, LinkListener } from './link.ts'
import type { Topic } from './subscriptions.ts'

/** A peer that has been told goodbye gets this long to close its side, so that it can read what it was told. */
const LINGER_MS = 2_000
/** With these a packet is not known to be one. */
const UNDECODED: ReadonlySet<Fault> = new Set([...Object.values(Faults), CloseReasons.SECOND_CONNECT])

/** One network connection and what MQTT keeps for its life. */
export class Connection implements FrameSink, LinkListener, Outlet, ClientIdentity {
  readonly broker: Broker
  /** Another one stands in front of it where extensions want to see what is sent. */
  link: Link
  readonly reader: FrameReader
  state: ConnectionState = ConnectionState.AWAITING_CONNECT
  /** Connect timeout first, then keep alive, at last the linger. */
  readonly timer: Timer = new Timer(() => this.#onTimer())
  /** When bytes came last; also the time of every packet among them. */
  receivedAt: number

  // From CONNECT
  version: ProtocolVersion = ProtocolVersion.V3_1_1
  clientId = ''
  userName: string | undefined = undefined
  authenticationMethod: string | undefined = undefined
  session: Session | null = null
  /** 1.5 times the keep alive; 0 for none. */
  idleLimitMs = 0
  /** Largest packet that the client takes. */
  maxPacketSize: number = Number.POSITIVE_INFINITY
  /** Reason strings may go into packets other than CONNACK and DISCONNECT. */
  isProblemInformationWanted = true
  isResponseInformationWanted = false
  /** What CONNECT said; DISCONNECT must not raise it from 0. */
  requestedSessionExpirySec = 0
  /** Which CONNECT this was of all that the broker got. */
  connectOrder = 0
  /** Decides what the client may do, unless extensions examine it. */
  authorizer: Authorizer
  /** Null before CONNECT, and in a broker without extensions. */
  extensions: ClientHooks | null = null

  /** Bits of the types of packets from the client that extensions want to see. */
  interceptedTypes = 0
  /** The client has said goodbye, and extensions think about that: what to do when it closes meanwhile. */
  onLeft: (() => Fault | null) | null = null
  /** While extensions decide about an Authentication Method, at CONNECT or anew. */
  authExchange: AuthExchange | null = null
  /** What the client said of the messages that it takes unacknowledged. */
  receiveMaximum = 65_535

  // While it runs
  /** The client's topic aliases. */
  aliases: Map<number, Topic> | null = null
  aliasBytes = 0
  /** QoS 1 and 2 messages from the client that are not acknowledged completely. */
  openPublishes = 0
  /** Identifiers of those with QoS 1 whose PUBACK waits for the store. */
  waitingPubacks: Set<number> | null = null
  readonly input: InputGate
  /** In PUBLISH packets, since the memory guard last asked. */
  publishedBytes = 0
  /** Acknowledgements that wait for the store; later ones wait behind them. */
  waitingAcks = 0

  constructor(broker: Broker, link: Link) {
    this.broker = broker
    this.link = link
    this.authorizer = broker.authorizer
    this.input = new InputGate(this, broker.throttling.throttle(link.peer.listener))
    this.reader = new FrameReader(this, broker.settings.maxPacketSize, true)
    this.receivedAt = broker.tick()
    broker.connections.add(this)
    broker.wheel.schedule(this.timer, broker.settings.noConnectIdleTimeout)
  }

  get isVersion5(): boolean {
    return this.version === ProtocolVersion.V5
  }

  onBytes(chunk: Buffer, length: number): void {
    if (this.state === ConnectionState.CLOSED) return
    this.receivedAt = this.broker.tick()
    try {
      this.reader.push(chunk, length)
    } catch (error) {
      this.#onInternalError(error)
    }
    this.input.countBytes(length)
  }

  onReady(): void {
    if (this.state === ConnectionState.CLOSED) return
    this.broker.tick()
    try {
      if (this.session !== null && this.session.hasBacklog) pump(this.broker.ledger, this.session)
    } catch (error) {
      this.#onInternalError(error)
    }
    this.input.onOutputGone()
  }

  onEnded(reason: CloseReason): void {
    this.broker.tick()
    if (this.onLeft !== null) this.act(this.onLeft)
    if (reason === CloseReasons.CONNECTION_LOST) this.closeQuietly(reason)
    else this.close(reason)
  }

  onClosed(): void {
    this.broker.tick()
    if (this.onLeft !== null) this.act(this.onLeft)
    this.#endSafely(CloseReasons.CONNECTION_LOST)
    this.broker.wheel.cancel(this.timer)
    this.broker.forget(this)
  }

  onFrame(firstByte: number, buffer: Buffer, start: number, bodyStart: number, end: number): void {
    const { metrics } = this.broker
    metrics.bytesReceived += end - start
    const isConnected = this.state === ConnectionState.CONNECTED
    const fault = isConnected
      ? this.interceptedTypes === 0
        ? handlePacket(this, firstByte, buffer, start, bodyStart, end)
        : interceptInbound(this, firstByte, buffer, start, bodyStart, end)
      : this.authExchange === null
        ? handleConnect(this, firstByte, buffer, start, bodyStart, end)
        : this.authExchange.onPacket(firstByte, buffer, bodyStart, end)
    // CONNECT counts for itself. What could not be decoded does not count, as in HiveMQ; what was and is not allowed does.
    if (isConnected && (fault === null || !UNDECODED.has(fault))) metrics.packetsReceived[firstByte >> 4]!++
    if (fault !== null) this.close(fault)
  }

  onFrameFault(firstByte: number, fault: Fault, seen: Buffer): void {
    const isConnect = this.state === ConnectionState.AWAITING_CONNECT && firstByte >> 4 === PacketType.CONNECT
    if (isConnect && fault === Faults.PACKET_TOO_LARGE) refuseOversizedConnect(this, seen)
    this.close(fault)
  }

  /**
   * Sends a packet, unless the client does not take packets of its size [MQTT-3.1.2-24]. False when it was not sent; then it
   * is lost, unless a shorter one is tried next.
   */
  send(packet: Packet, hasShorter = false): boolean {
    const bytes = encodePacket(packet, this.version)
    if (bytes.length > this.maxPacketSize) {
      if (!hasShorter) this.broker.events.packetDropped(this, packet.type, bytes.length, this.maxPacketSize)
      return false
    }
    this.broker.metrics.countSent(packet.type, bytes.length)
    writePacket(this.link, bytes)
    return true
  }

  /**
   * A reason string where the packet has room for it [MQTT-3.2.2-19] [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.9.2-1]
   * [MQTT-3.14.2-3]. User properties are sent with no answer [MQTT-3.2.2-20] [MQTT-3.4.2-3] [MQTT-3.5.2-3] [MQTT-3.9.2-2]
   * [MQTT-3.14.2-4].
   */
  sendWithReason(packet: Packet & { properties?: object }, text: string): boolean {
    const isSent = this.send({ ...packet, properties: { ...packet.properties, reasonString: text } } as Packet, true)
    return isSent || this.send(packet)
  }

  /**
   * Ends the connection for a reason of ours: an MQTT 5 client that is connected is told [MQTT-4.13.1-1], anybody else is just
   * closed [MQTT4-4.8.0-1]. Nothing is sent after it [MQTT-3.14.4-1] [MQTT-3.14.4-2]
   * [MQTT-4.13.2-1].
   */
  close(reason: CloseReason): void {
    if (this.state === ConnectionState.CLOSED) return
    // Not before CONNACK [MQTT-3.14.0-1], and without Session Expiry Interval [MQTT-3.14.2-2].
    if (this.state === ConnectionState.CONNECTED && this.isVersion5) {
      this.sendWithReason({ type: PacketType.DISCONNECT, reasonCode: reason.reasonCode }, reason.text)
    }
    this.#endSafely(reason)
  }

  /**
   * Ends the connection without a word of ours: the client has ended it, or was answered already. `packet` is the client's
   * DISCONNECT.
   */
  closeQuietly(reason: CloseReason, packet: Disconnect | null = null): void {
    this.#endSafely(reason, packet)
  }

  /** What fails while a connection ends has no other connection to close, and must not end the broker. */
  #endSafely(reason: CloseReason, packet: Disconnect | null = null): void {
    if (this.state === ConnectionState.CLOSED) return
    try {
      this.#end(reason, packet)
      this.broker.events.clientDisconnected(this, reason, packet?.properties?.reasonString)
    } catch (error) {
      this.#report(error)
    }
  }

  #end(reason: CloseReason, packet: Disconnect | null): void {
    const { broker, session } = this
    this.state = ConnectionState.CLOSED
    broker.metrics.countEnd(reason.name)
    broker.lingering++
    this.reader.stop() // [MQTT-3.1.4-6] [MQTT4-3.1.4-5]
    broker.aliasBytes -= this.aliasBytes
    this.aliases = null // [MQTT-3.3.2-7]
    if (reason !== CloseReasons.CLIENT_DISCONNECTED || session === null) this.link.close()
    this.input.end()
    broker.wheel.schedule(this.timer, LINGER_MS)
    this.authExchange?.end()
    this.extensions?.ended(reason, packet)
    broker.logger.debug(`Client ${this.clientId} at ${this.link.peer.address}: ${reason.text}`)
    if (session === null) return
    this.session = null
    broker.metrics.connections--
    if (session.isStored) broker.countPersistent(-1)
    session.outlet = null
    if (reason === CloseReasons.CLIENT_DISCONNECTED) broker.wills.cancel(session)
    else broker.wills.connectionLost(session)
    broker.sessions.connectionEnded(session, broker.clock.wallTime())
    // That we close is the only answer to DISCONNECT: the session's end, its new expiry and that of its will are durable then.
    if (reason === CloseReasons.CLIENT_DISCONNECTED) broker.store.whenDurable(() => this.link.close())
  }

  #onTimer(): void {
    const now = this.broker.tick()
    switch (this.state) {
      case ConnectionState.AWAITING_CONNECT:
      case ConnectionState.AUTHENTICATING:
      case ConnectionState.CONNECTING:
        this.close(CloseReasons.NO_CONNECT_IN_TIME)
        return
      case ConnectionState.CONNECTED: {
        if (now - this.receivedAt >= this.idleLimitMs && this.input.excusesSilence()) this.receivedAt = now
        const idleMs = now - this.receivedAt
        // Every byte counts as life, so that a long packet on a slow line is not cut off.
        if (idleMs >= this.idleLimitMs)
          this.close(CloseReasons.KEEP_ALIVE_TIMEOUT) // [MQTT-3.1.2-22] [MQTT4-3.1.2-24]
        else this.broker.wheel.schedule(this.timer, this.idleLimitMs - idleMs)
        return
      }
      default:
        this.link.destroy()
    }
  }

  /** Goes on with the packet for which packets were held, unless the client is gone. */
  proceed(step: () => Fault | null): void {
    if (this.state === ConnectionState.CLOSED) return
    this.input.releaseAfter(() => this.act(step))
  }

  /** Goes on with what did not hold the client's packets, unless the client is gone. */
  act(step: () => Fault | null): void {
    if (this.state === ConnectionState.CLOSED) return
    this.broker.tick()
    try {
      const fault = step()
      if (fault !== null) this.close(fault)
    } catch (error) {
      this.#onInternalError(error)
    }
  }

  /** A fault of our own in what was done for this client. */
  fail(error: unknown): void {
    this.#onInternalError(error)
  }

  /** A fault of our own ends the connection on which it happened, in every version [MQTT4-4.8.0-2]. */
  #onInternalError(error: unknown): void {
    this.#report(error)
    if (this.state <= ConnectionState.AUTHENTICATING) refuseForInternalError(this)
    this.close(CloseReasons.INTERNAL_ERROR)
  }

  #report(error: unknown): void {
    this.broker.metrics.internalErrors++
    this.broker.logger.error(`Internal error while handling client ${this.clientId}`, error)
  }
}
