// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from '../metrics/metrics.ts'
import type { Clock } from '../util/clock.ts'
import { TokenBucket } from '../util/token-bucket.ts'
import type { ListenerInfo } from './peer.ts'
import type { BrokerSettings } from './settings.ts'
import { Throttle, type RateLimits } from './throttle.ts'

/** How fast clients may send: all together, those of one listener, each for itself. */
export class Throttling {
  readonly #settings: BrokerSettings
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #bandwidth: TokenBucket | null
  /** By name. A listener that is opened again keeps its own. */
  readonly #listeners = new Map<string, RateLimits>()

  constructor(settings: BrokerSettings, metrics: Metrics, clock: Clock) {
    this.#settings = settings
    this.#metrics = metrics
    this.#clock = clock
    // HiveMQ's own element knows no burst: a second's worth is what its measuring interval lets pass.
    this.#bandwidth = this.#bucket(settings.incomingBandwidthThrottling, 1)
  }

  /** For a new connection; null where nothing is limited. */
  throttle({ name }: ListenerInfo): Throttle | null {
    const { clientMessagesPerSecond, clientBytesPerSecond } = this.#settings
    const { listenerMessagesPerSecond, listenerBytesPerSecond, listenerConnectsPerSecond } = this.#settings
    const ofClient = clientMessagesPerSecond > 0 || clientBytesPerSecond > 0
    const ofListener = listenerMessagesPerSecond > 0 || listenerBytesPerSecond > 0 || listenerConnectsPerSecond > 0
    if (!ofClient && !ofListener && this.#bandwidth === null) return null
    return new Throttle({
      isEnforced: this.#settings.throttlingMode === 'enforce',
      bandwidth: this.#bandwidth,
      client: this.#limits(clientMessagesPerSecond, clientBytesPerSecond, 0),
      listener: this.#listener(name),
      metrics: this.#metrics,
    })
  }

  #listener(name: string): RateLimits {
    const known = this.#listeners.get(name)
    if (known !== undefined) return known
    const { listenerMessagesPerSecond, listenerBytesPerSecond, listenerConnectsPerSecond } = this.#settings
    const limits = this.#limits(listenerMessagesPerSecond, listenerBytesPerSecond, listenerConnectsPerSecond)
    this.#listeners.set(name, limits)
    return limits
  }

  #limits(messages: number, bytes: number, connects: number): RateLimits {
    const burstSec = this.#settings.throttlingBurst
    return {
      messages: this.#bucket(messages, burstSec),
      bytes: this.#bucket(bytes, burstSec),
      connects: this.#bucket(connects, burstSec),
    }
  }

  #bucket(perSecond: number, burstSec: number): TokenBucket | null {
    return perSecond > 0 ? new TokenBucket(perSecond, perSecond * burstSec, this.#clock.now()) : null
  }
}
