// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import { isExpired, type Owed, type OwedNow } from './letter.ts'
import type { ModelSession } from './model-session.ts'

/** A shared subscription: each of its letters goes to one member. */
export class ModelGroup {
  readonly key: string
  readonly filter: string
  /** With the QoS that each was granted. */
  readonly members: Map<ModelSession, QoS> = new Map()
  owed: Owed[] = []
  /** Given up as it seems: but of copies of one message it is not known which is which. */
  doubtful: Owed[] = []
  owedNow: OwedNow[] = []

  constructor(key: string) {
    this.key = key
    this.filter = key.replace(/^\$share\/[^/]+\//, '')
  }

  /** Some member outlives its connection: so do the messages that come now. */
  get isPersistent(): boolean {
    return [...this.members.keys()].some(({ expirySec }) => expirySec > 0)
  }

  /** What goes to such a member is not stored. */
  get grantsQoS0(): boolean {
    return [...this.members.values()].includes(0)
  }

  /** A member may have more than has been seen to leave. */
  get isUnclear(): boolean {
    return [...this.members.keys()].some(({ connection }) => connection?.isBlocked === true)
  }

  get isOnline(): boolean {
    return [...this.members.keys()].some(({ connection }) => connection?.isServed === true)
  }

  backlog(now: number): number {
    return this.owed.filter(({ state, letter }) => state === 'waiting' && !isExpired(letter, now)).length
  }
}
