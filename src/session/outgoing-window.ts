// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from '../metrics/metrics.ts'
import { invariant } from '../util/invariant.ts'
import { type Delivery, DeliveryState } from './delivery.ts'

// Deliveries by packet identifier. Identifiers rise, so those in flight are mostly neighbours, and the low bits of an
// identifier are its slot:
//
//   identifier   …  60  61  62  63  64  65  66            61 was not acknowledged when 125 (61 + 64) came up:
//   slot (& 63)     60  61  62  63   0   1   2            that identifier is passed over
//
// No hashing, and an acknowledgement that comes late finds its own delivery or none.

const FIRST_SLOTS = 16
const MAX_PACKET_ID = 0xffff

/**
 * The QoS 1 and 2 messages that were sent to a client and are not acknowledged yet [MQTT-4.3.2-3] [MQTT-4.3.3-3]
 * [MQTT4-4.3.2-1] [MQTT4-4.3.3-1]. Lives as long as the session.
 */
export class OutgoingWindow {
  /** How many may be unacknowledged on the connection. */
  limit = 0
  #slots: (Delivery | null)[] | null = null
  #size = 0
  #sentHere = 0
  #lastPacketId = 0
  readonly #metrics: Metrics

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** All that is unacknowledged, also from earlier connections. */
  get size(): number {
    return this.#size
  }

  /**
   * The send quota of the connection is used up [MQTT-3.3.4-9] [MQTT-4.9.0-2]. Nothing but PUBLISH waits for it
   * [MQTT-3.3.4-10] [MQTT-4.9.0-3].
   */
  get isFull(): boolean {
    return this.#sentHere >= this.limit
  }

  /**
   * Takes a new delivery in and gives it an identifier that is not in use [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]
   * [MQTT4-2.3.1-4].
   */
  add(delivery: Delivery): void {
    invariant(this.#size < MAX_PACKET_ID, 'a session has at most 65535 unacknowledged messages')
    if (this.#slots === null || this.#size * 2 >= this.#slots.length) this.#grow()
    const slots = this.#slots!
    const mask = slots.length - 1
    let packetId = this.#lastPacketId
    do {
      packetId = packetId === MAX_PACKET_ID ? 1 : packetId + 1
    } while (slots[packetId & mask] !== null)
    this.#lastPacketId = packetId
    slots[packetId & mask] = delivery
    this.#size++
    this.#metrics.inFlight++
    delivery.packetId = packetId
    delivery.state = DeliveryState.SENT
    this.markSent(delivery)
  }

  /** Puts back a delivery that has its identifier from before the broker was started. */
  restore(delivery: Delivery): void {
    this.#lastPacketId = delivery.packetId
    while (this.#slots === null || this.#slots[delivery.packetId & (this.#slots.length - 1)] !== null) this.#grow()
    this.#slots[delivery.packetId & (this.#slots.length - 1)] = delivery
    this.#size++
    this.#metrics.inFlight++
  }

  /** Counts a delivery against the connection's quota. */
  markSent(delivery: Delivery): void {
    delivery.isSentHere = true
    this.#sentHere++
  }

  /** Null when the identifier is not in flight. */
  get(packetId: number): Delivery | null {
    if (this.#slots === null) return null
    const delivery = this.#slots[packetId & (this.#slots.length - 1)]!
    return delivery !== null && delivery.packetId === packetId ? delivery : null
  }

  /** Frees identifier and quota of a delivery that is in flight. */
  remove(delivery: Delivery): void {
    const slots = this.#slots!
    slots[delivery.packetId & (slots.length - 1)] = null
    this.#size--
    this.#metrics.inFlight--
    // A surplus acknowledgement finds no delivery, so the quota never grows beyond the limit (spec 5.0, 4.9).
    if (delivery.isSentHere) this.#sentHere--
  }

  clear(): void {
    this.#metrics.inFlight -= this.#size
    this.#slots = null
    this.#size = 0
    this.#sentHere = 0
  }

  /**
   * A new connection: its quota is whole, nothing was sent on it. What must be sent again, in its first order [MQTT-4.6.0-1]
   * [MQTT4-4.6.0-1].
   */
  reopen(limit: number): Delivery[] {
    this.limit = limit
    this.#sentHere = 0
    const deliveries = this.inOrder()
    for (const delivery of deliveries) delivery.isSentHere = false
    return deliveries
  }

  inOrder(): Delivery[] {
    const deliveries = (this.#slots ?? []).filter((delivery) => delivery !== null)
    return deliveries.toSorted((a, b) => a.order - b.order)
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Array<Delivery | null>(old === null ? FIRST_SLOTS : Math.min(old.length * 2, MAX_PACKET_ID + 1))
    slots.fill(null)
    for (const delivery of old ?? []) if (delivery !== null) slots[delivery.packetId & (slots.length - 1)] = delivery
    this.#slots = slots
  }
}
