// SPDX-License-Identifier: Apache-2.0
import { NO_EXPIRY } from '../codec/publish.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Message } from '../session/message.ts'
import { TopicTree } from '../topic/topic-tree.ts'
import type { Clock } from '../util/clock.ts'
import type { Store } from '../store/store.ts'
import { Timer, type TimerWheel } from '../util/timer-wheel.ts'

interface Retained {
  readonly message: Message
  /** Frees the memory of a message that expires; that it is not delivered any more is checked when it would be. */
  readonly timer: Timer | null
}

/** The last message with RETAIN of each topic. They outlive every session [MQTT4-3.1.2-7]. */
export class RetainedMessages {
  readonly #tree = new TopicTree<Retained>()
  readonly #store: Store
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #metrics: Metrics

  constructor(store: Store, clock: Clock, wheel: TimerWheel, metrics: Metrics) {
    this.#store = store
    this.#clock = clock
    this.#wheel = wheel
    this.#metrics = metrics
  }

  get size(): number {
    return this.#tree.size
  }

  /** Replaces the message of its topic, whatever its QoS [MQTT-3.3.1-5] [MQTT4-3.3.1-5] [MQTT4-3.3.1-7]. */
  set(message: Message): void {
    this.#put(message)
    this.#store.append({ type: 'retained-set', message: message.stored(this.#clock) })
  }

  /** An empty message removes and is not kept itself [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT4-3.3.1-10] [MQTT4-3.3.1-11]. */
  clear(topicName: string): void {
    const retained = this.#tree.get(topicName)
    if (retained === undefined) return
    if (retained.timer !== null) this.#wheel.cancel(retained.timer)
    this.#tree.delete(topicName)
    this.#metrics.retainedBytes -= retained.message.bytes
    this.#store.append({ type: 'retained-cleared', topicName })
  }

  /** Takes in what the store has. */
  restore(message: Message): void {
    this.#put(message)
  }

  /** Undefined also for one that has expired. */
  get(topicName: string): Message | undefined {
    const message = this.#tree.get(topicName)?.message
    return message === undefined || message.isExpired(this.#clock.now()) ? undefined : message
  }

  /** Whatever their topics, also those that no wildcard sees. */
  *all(): Generator<Message> {
    for (const { message } of this.#tree.values()) yield message
  }

  /** The messages for a new subscription, to be taken as the subscriber can take them. */
  *match(filter: string): Generator<Message> {
    for (const { message } of this.#tree.match(filter)) yield message
  }

  #put(message: Message): void {
    const earlier = this.#tree.get(message.topicName)
    if (earlier?.timer != null) this.#wheel.cancel(earlier.timer)
    this.#metrics.retainedBytes += message.bytes - (earlier?.message.bytes ?? 0)
    let timer: Timer | null = null
    if (message.messageExpiryInterval !== NO_EXPIRY) {
      timer = new Timer(() => this.clear(message.topicName))
      this.#wheel.schedule(timer, message.expiresAt - this.#clock.now())
    }
    this.#tree.set(message.topicName, { message, timer })
  }
}
