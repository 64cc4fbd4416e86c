// SPDX-License-Identifier: Apache-2.0
import type { Ack } from '../../../src/codec/ack.ts'
import type { Packet } from '../../../src/codec/packet.ts'
import { type AckType, PacketType, type QoS } from '../../../src/codec/packet-type.ts'
import type { Publish } from '../../../src/codec/publish.ts'
import { ReasonCode } from '../../../src/codec/reason-code.ts'
import type { Subscribe } from '../../../src/codec/subscribe.ts'
import type { Unsubscribe } from '../../../src/codec/unsubscribe.ts'
import type { Owed } from './letter.ts'
import type { ModelConnection } from './model-connection.ts'
import { ModelGroup } from './model-group.ts'
import { ModelSession } from './model-session.ts'
import { numberOf } from './model-client.ts'
import { copyState, type ModelState } from './model-state.ts'
import { owe } from './owe.ts'

export interface ModelLimits {
  readonly maxQueueSize: number
  readonly strategy: 'discard' | 'discard-oldest'
}

/**
 * What a broker owes to whom, by the rules of the specification and of HiveMQ, for each packet that arrives at it. It knows
 * nothing of queues and windows in the broker's memory: only of what came in and what went out.
 */
export class ModelBroker {
  sessions: Map<string, ModelSession> = new Map()
  groups: Map<string, ModelGroup> = new Map()
  /** What was so when the store was held: a crash goes back to it. */
  #durable: { readonly state: ModelState; readonly at: number } | null = null
  readonly limits: ModelLimits
  readonly now: () => number
  #lastSession = 0
  readonly #copies = new Map<number, { count: number }>()

  constructor(limits: ModelLimits, now: () => number) {
    this.limits = limits
    this.now = now
  }

  /** What happens is not durable: what is promised in answer to it is not said yet. */
  get isHeld(): boolean {
    return this.#durable !== null
  }

  hold(): void {
    this.#durable ??= { state: copyState(this), at: this.now() }
  }

  release(): void {
    this.#durable = null
  }

  /** CONNECT; whoever had the session has lost it before. */
  connected(connection: ModelConnection, clean: boolean): void {
    const { clientId, expirySec } = connection
    const earlier = this.sessions.get(clientId)
    if (earlier !== undefined && clean) this.#end(earlier)
    const isPresent = this.sessions.has(clientId)
    const session = this.sessions.get(clientId) ?? new ModelSession(clientId, ++this.#lastSession, expirySec)
    this.sessions.set(clientId, session)
    session.expirySec = expirySec
    session.connection = connection
    connection.session = session
    for (const owed of session.window.values()) owed.isHere = false
    const connack = { type: PacketType.CONNACK, sessionPresent: isPresent, reasonCode: 0 } as const
    this.#expect(connection, connack, expirySec > 0)
  }

  /** A packet of the client is about to be handled. */
  arrived(connection: ModelConnection, packet: Packet): void {
    const session = connection.session!
    switch (packet.type) {
      case PacketType.PUBLISH:
        return this.#onPublish(connection, session, packet)
      case PacketType.PUBREL: {
        const isKnown = session.incoming.delete(packet.packetId)
        const pubcomp = answer(connection, PacketType.PUBCOMP, packet.packetId, isKnown)
        return this.#expect(connection, pubcomp, isKnown && session.expirySec > 0)
      }
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBCOMP:
        return this.#onAck(connection, session, packet)
      case PacketType.SUBSCRIBE:
        return this.#onSubscribe(connection, session, packet)
      case PacketType.UNSUBSCRIBE:
        return this.#onUnsubscribe(connection, session, packet)
      case PacketType.DISCONNECT:
        session.expirySec = packet.properties?.sessionExpiryInterval ?? session.expirySec
        return
      default:
        throw new Error(`the model has no packet of type ${packet.type}`)
    }
  }

  /** The connection is gone. `isOutputLost`: with output that nobody saw leave. */
  lost(connection: ModelConnection, isOutputLost: boolean): void {
    connection.isOver = true
    if (connection.session !== null) this.#away(connection.session, isOutputLost || this.isHeld, this.now())
  }

  /** All connections are gone, and with them what is not durable. */
  crashed(isOutputLost: boolean): void {
    const at = this.#durable?.at ?? this.now()
    if (this.#durable !== null) {
      this.sessions = this.#durable.state.sessions
      this.groups = this.#durable.state.groups
    }
    for (const session of this.sessions.values()) {
      if (session.connection !== null) this.#away(session, isOutputLost || this.isHeld, at)
    }
    this.#durable = null
  }

  #away(session: ModelSession, isOutputLost: boolean, at: number): void {
    if (isOutputLost || session.connection!.isBlocked) loseOutput(session)
    session.connection = null
    session.closedAt = at
    session.owedNow = []
    for (const owed of session.window.values()) if (owed.group !== null) giveBack(session, owed)
    if (session.expirySec === 0) this.#end(session)
  }

  /** The broker's process has ended and another one starts; all connections are gone. */
  restarted(): void {
    for (const group of this.groups.values()) {
      for (const owed of group.owedNow) owed.isCertain = false
      for (const owed of group.owed) if (!owed.isDurable) owed.isCertain = false
    }
  }

  /** Sessions whose time has come end. */
  expire(): void {
    const now = this.now()
    for (const session of this.sessions.values()) {
      const isAway = session.connection === null
      if (isAway && now >= session.closedAt + session.expirySec * 1000) this.#end(session)
    }
  }

  #end(session: ModelSession): void {
    this.sessions.delete(session.clientId)
    for (const group of session.memberships.keys()) this.#leave(session, group)
  }

  #leave(session: ModelSession, group: ModelGroup): void {
    session.memberships.delete(group)
    group.members.delete(session)
    if (group.members.size === 0) this.groups.delete(group.key)
  }

  #expect(connection: ModelConnection, packet: Packet, isStored: boolean): void {
    connection.expect(packet, isStored && this.isHeld)
  }

  /** PUBACK, PUBREC or PUBCOMP of a correct client. */
  #onAck(connection: ModelConnection, session: ModelSession, { type, packetId }: Ack): void {
    const owed = session.window.get(packetId)
    if (type === PacketType.PUBREC) {
      if (owed !== undefined) owed.state = 'released'
      const pubrel = answer(connection, PacketType.PUBREL, packetId, owed !== undefined)
      this.#expect(connection, pubrel, owed?.isDurable === true)
    } else if (owed !== undefined) session.done(owed)
  }

  #onSubscribe(connection: ModelConnection, session: ModelSession, packet: Subscribe): void {
    const { topicFilter, qos } = packet.subscriptions[0]!
    let granted = qos
    if (topicFilter.startsWith('$share/')) {
      const group = this.groups.get(topicFilter) ?? new ModelGroup(topicFilter)
      // HiveMQ: a QoS 2 message could not move on from a lost member.
      granted = Math.min(qos, 1) as QoS
      this.groups.set(topicFilter, group)
      group.members.set(session, granted)
      session.memberships.set(group, granted)
    } else session.subscriptions.set(topicFilter, qos)
    const suback = { type: PacketType.SUBACK, packetId: packet.packetId, reasonCodes: [granted] } as const
    this.#expect(connection, suback, session.expirySec > 0)
  }

  #onUnsubscribe(connection: ModelConnection, session: ModelSession, packet: Unsubscribe): void {
    const topicFilter = packet.topicFilters[0]!
    const group = this.groups.get(topicFilter)
    let isKnown = session.subscriptions.delete(topicFilter)
    if (group?.members.has(session) === true) {
      isKnown = true
      this.#leave(session, group)
    }
    const reason = isKnown ? ReasonCode.SUCCESS : ReasonCode.NO_SUBSCRIPTION_EXISTED
    const reasonCodes = connection.isVersion5 ? [reason] : []
    const unsuback = { type: PacketType.UNSUBACK, packetId: packet.packetId, reasonCodes } as const
    this.#expect(connection, unsuback, isKnown && session.expirySec > 0)
  }

  #onPublish(connection: ModelConnection, session: ModelSession, packet: Publish): void {
    const { qos, packetId = 0 } = packet
    // The identifier alone says that it is the same message [MQTT-4.3.3-10] [MQTT4-4.3.3-2].
    if (qos === 2 && session.incoming.has(packetId)) {
      return this.#expect(connection, { type: PacketType.PUBREC, packetId, reasonCode: ReasonCode.SUCCESS }, false)
    }
    const number = numberOf(packet.payload)
    const copies = this.#copies.get(number) ?? { count: 0 }
    copies.count++
    this.#copies.set(number, copies)
    const recipients = owe(this, {
      number,
      copies,
      publisher: session.clientId,
      topicName: packet.topicName,
      qos,
      // Sent again on a connection of MQTT 3, it has lost its interval.
      expirySec: (connection.isVersion5 ? packet.properties?.messageExpiryInterval : undefined) ?? null,
      arrivedAt: this.now(),
    })
    if (qos === 0) return
    if (qos === 2) session.incoming.add(packetId)
    const isUnheard = connection.isVersion5 && recipients.length === 0
    const reasonCode = isUnheard ? ReasonCode.NO_MATCHING_SUBSCRIBERS : ReasonCode.SUCCESS
    const isStored = (qos === 2 && session.expirySec > 0) || recipients.some(({ mustBeStored }) => mustBeStored)
    const type = qos === 1 ? PacketType.PUBACK : PacketType.PUBREC
    this.#expect(connection, { type, packetId, reasonCode }, isStored)
  }
}

/** What may have been written and has not been seen to leave may count as sent, or be gone for good. */
function loseOutput(session: ModelSession): void {
  for (const owed of session.owed) if (owed.state === 'waiting') owed.mayCountAsSent = true
  for (const [group, qos] of session.memberships) {
    for (const owed of group.owedNow) owed.isCertain = false
    if (qos === 0) for (const owed of group.owed) if (owed.state === 'waiting') owed.isCertain = false
  }
}

/** A letter of a group that the session holds can go to any member again. */
function giveBack(session: ModelSession, owed: Owed): void {
  session.window.delete(owed.packetId)
  owed.state = 'waiting'
  owed.isHere = false
}

function answer(connection: ModelConnection, type: AckType, packetId: number, isKnown: boolean): Packet {
  const isError = connection.isVersion5 && !isKnown
  return { type, packetId, reasonCode: isError ? ReasonCode.PACKET_IDENTIFIER_NOT_FOUND : ReasonCode.SUCCESS }
}
