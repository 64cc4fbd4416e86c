// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { StoredDelivery } from '../store/store.ts'
import type { Clock } from '../util/clock.ts'
import { Message } from './message.ts'
import type { SharedGroup } from './shared-group.ts'

/** How far a delivery with QoS 1 or 2 has come. */
export const DeliveryState = {
  /** Waits in a queue. */
  QUEUED: 0,
  /** PUBLISH was sent; PUBACK or PUBREC is awaited. */
  SENT: 1,
  /** QoS 2: PUBREC came, PUBREL was sent, PUBCOMP is awaited. */
  RELEASED: 2,
} as const
export type DeliveryState = (typeof DeliveryState)[keyof typeof DeliveryState]

/** One message on its way to one session, from the moment it is queued or sent until it is acknowledged. */
export class Delivery {
  /** Null where nobody could ask for it again: sent to a session that ends with its connection. */
  readonly message: Message | null
  /** The lower of published and granted QoS. */
  readonly qos: QoS
  readonly retain: boolean
  /** Subscription Identifiers as they were when the message matched. */
  readonly identifiers: readonly number[]
  /** The group whose message this is, to be given back if this member is lost. */
  readonly group: SharedGroup | null
  state: DeliveryState = DeliveryState.QUEUED
  /** 0 while queued. */
  packetId = 0
  /** The store knows of it. */
  isStored = false
  /** Rises within its owner, the session or the group; the order in which deliveries are sent and sent again. */
  order = 0
  /** On the connection that is open now; takes one of its send quota. */
  isSentHere = false

  constructor(
    message: Message | null,
    qos: QoS,
    retain: boolean,
    identifiers: readonly number[],
    group: SharedGroup | null,
  ) {
    this.message = message
    this.qos = qos
    this.retain = retain
    this.identifiers = identifiers
    this.group = group
  }

  /** As the store gives it back. */
  static fromStored(stored: StoredDelivery, group: SharedGroup | null, clock: Clock): Delivery {
    const { message, qos, retain, identifiers } = stored
    const delivery = new Delivery(Message.fromStored(message, clock), qos, retain, identifiers, group)
    delivery.order = stored.order
    delivery.isStored = true
    delivery.packetId = stored.packetId
    if (stored.packetId > 0) delivery.state = stored.isReleased ? DeliveryState.RELEASED : DeliveryState.SENT
    return delivery
  }
}
