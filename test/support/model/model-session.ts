// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import { matches } from '../naive-match.ts'
import { isExpired, type Owed, type OwedNow } from './letter.ts'
import type { ModelConnection } from './model-connection.ts'
import type { ModelGroup } from './model-group.ts'

/** What the broker has to know of one client identifier, and what it owes it. */
export class ModelSession {
  readonly clientId: string
  /** Tells it apart from an earlier session of the same client. */
  readonly number: number
  expirySec: number
  connection: ModelConnection | null = null
  /** Since when it is away. */
  closedAt = 0
  readonly subscriptions: Map<string, QoS> = new Map()
  /** Granted QoS by group. */
  readonly memberships: Map<ModelGroup, QoS> = new Map()
  /** In the order in which they arrived, until they are done. */
  owed: Owed[] = []
  /** Given up as it seems: but of copies of one message it is not known which is which. */
  doubtful: Owed[] = []
  /** QoS 0, in this turn. */
  owedNow: OwedNow[] = []
  /** What is in flight, its own and what it has of groups. */
  readonly window: Map<number, Owed> = new Map()
  /** How many it has been sent. */
  sent = 0
  /** QoS 2 messages of the client that wait for PUBREL. */
  readonly incoming: Set<number> = new Set()

  constructor(clientId: string, number: number, expirySec: number) {
    this.clientId = clientId
    this.number = number
    this.expirySec = expirySec
  }

  /** The highest QoS that its own subscriptions grant to a topic; null when none matches. */
  grantedFor(topicName: string): QoS | null {
    let granted: QoS | null = null
    for (const [filter, qos] of this.subscriptions) {
      if (matches(filter, topicName) && (granted === null || qos > granted)) granted = qos
    }
    return granted
  }

  /** The connection can take a message above QoS 0 now. */
  get hasRoom(): boolean {
    const { connection } = this
    if (connection?.isServed !== true || connection.isBlocked) return false
    return [...this.window.values()].filter(({ isHere }) => isHere).length < connection.limit
  }

  /** Something waits before a new message. */
  hasBacklog(now: number): boolean {
    const awaitsResend = [...this.window.values()].some(({ isHere }) => !isHere)
    return awaitsResend || this.owed.some((owed) => owed.state === 'waiting' && !isExpired(owed.letter, now))
  }

  /** How many messages count towards the limit of the queue, at most. */
  backlog(now: number): number {
    // A link that is blocked may hold messages, also of groups, which do not expire any more.
    const isBlocked = this.connection?.isBlocked === true
    const at = isBlocked ? Number.NEGATIVE_INFINITY : now
    const waiting = this.owed.filter((owed) => {
      return owed.state === 'waiting' && (owed.mayCountAsSent || !isExpired(owed.letter, at))
    })
    const ofGroups = isBlocked ? [...this.memberships.keys()].map((group) => group.backlog(at)) : []
    return waiting.length + this.window.size + ofGroups.reduce((sum, backlog) => sum + backlog, 0)
  }

  send(owed: Owed, packetId: number): void {
    if (owed.state === 'waiting') owed.sentAs = ++this.sent
    owed.state = 'sent'
    owed.packetId = packetId
    owed.isHere = true
    owed.mayCountAsSent = false
    this.window.set(packetId, owed)
  }

  done(owed: Owed): void {
    this.window.delete(owed.packetId)
    const owner = owed.group ?? this
    owner.owed = owner.owed.filter((other) => other !== owed)
  }
}
