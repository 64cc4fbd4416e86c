// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../../../src/codec/packet-type.ts'
import type { ModelGroup } from './model-group.ts'

/** A PUBLISH of a client as it arrived at the broker; sent again at QoS 1, it is another one with the same number. */
export interface Letter {
  readonly number: number
  readonly publisher: string
  readonly topicName: string
  readonly qos: QoS
  /** Seconds; null for none. */
  readonly expirySec: number | null
  readonly arrivedAt: number
  /** How often the message has arrived; shared by all of them, for whose is whose cannot always be told. */
  readonly copies: { count: number }
}

export function isExpired({ arrivedAt, expirySec }: Letter, now: number): boolean {
  return expirySec !== null && now >= arrivedAt + expirySec * 1000
}

/** What the broker owes for a letter, above QoS 0, to one session or to one member of a group. */
export class Owed {
  readonly letter: Letter
  readonly qos: QoS
  readonly group: ModelGroup | null
  /** `released`: PUBREC has arrived, PUBCOMP has not. */
  state: 'waiting' | 'sent' | 'released' = 'waiting'
  packetId = 0
  /** The place among what the session has been sent. */
  sentAs = 0
  /** PUBLISH, or PUBREL after an earlier connection, has left on the connection that is open now. */
  isHere = false
  /** False when a full queue may have given it up. */
  isCertain: boolean
  /** The broker may take it for sent: it died, or the connection did, with output that nobody saw leave. */
  mayCountAsSent = false

  /** Its owner outlived its connection when it came, so that it outlives the broker's process. */
  readonly isDurable: boolean

  constructor(letter: Letter, qos: QoS, group: ModelGroup | null, isCertain: boolean, isDurable: boolean) {
    this.letter = letter
    this.qos = qos
    this.group = group
    this.isCertain = isCertain
    this.isDurable = isDurable
  }

  /** It waits, and neither a full queue nor its expiry excuses that it is not sent. */
  mustLeave(now: number): boolean {
    return this.isCertain && this.state === 'waiting' && !isExpired(this.letter, now)
  }
}

/** A letter at QoS 0: now or never. */
export interface OwedNow {
  readonly letter: Letter
  isCertain: boolean
}
