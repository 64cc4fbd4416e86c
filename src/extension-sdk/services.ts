// SPDX-License-Identifier: Apache-2.0
import type { Awaitable, Listener } from './callback.ts'
import type { InitializerRegistry } from './client-context.ts'
import type { ClientService } from './client-service.ts'
import type { InterceptorRegistry } from './interceptors.ts'
import type { EventRegistry } from './lifecycle.ts'
import type { MetricRegistry } from './metric-registry.ts'
import type { PublishService } from './publish-service.ts'
import type { RetainedMessageStore } from './retained-message-store.ts'
import type { SecurityRegistry } from './security-registry.ts'
import type { SubscriptionStore } from './subscription-store.ts'

/**
 * What the broker does for extensions. What these services are asked to change happens in a turn of its own, never within the
 * callback that asks for it; so order among them is that of the calls. Where a rate is configured, what `publish`, `retained`,
 * `clients` and `subscriptions` are asked above it is rejected with RateLimitExceededError; a walk counts once. What an
 * extension asks for after it has stopped is rejected.
 */
export interface Services {
  readonly security: SecurityRegistry
  readonly initializers: InitializerRegistry
  readonly interceptors: InterceptorRegistry
  readonly events: EventRegistry
  readonly publish: PublishService
  readonly retained: RetainedMessageStore
  readonly clients: ClientService
  readonly subscriptions: SubscriptionStore
  readonly scheduler: Scheduler
  readonly metrics: MetricRegistry
  readonly admin: AdminService
}

export interface ScheduleOptions {
  readonly initialDelayMs?: number
  readonly mode?: 'fixed-delay' | 'fixed-rate'
}

/** Tasks that end with the extension. One that throws is logged and runs again when its time comes. */
export interface Scheduler {
  /**
   * Runs `task` every `periodMs`, first after `initialDelayMs`, which is `periodMs` unless set. The next run waits for the end
   * of the last: with `fixed-delay`, which is the default, the period lies between them; with `fixed-rate` runs begin at
   * multiples of the period, and those that the last one has missed are left out. The signal is aborted when the extension
   * stops.
   */
  every(periodMs: number, task: (signal: AbortSignal) => Awaitable<void>, options?: ScheduleOptions): Disposable
  /** Runs `task` once, after `delayMs`. */
  after(delayMs: number, task: (signal: AbortSignal) => Awaitable<void>): Disposable
}

export interface AdminService {
  /** `starting` until extensions and listeners are started, `stopping` from the signal to stop on. */
  readonly stage: 'starting' | 'started' | 'stopping'
  readonly edition: 'community'
  readonly server: ServerInformation
  /** What keeps the broker from doing all of its work now. */
  problems(): readonly Problem[]
}

export interface Problem {
  /** A listener of the configuration is not bound; nothing new can be stored. */
  readonly kind: 'listener' | 'store'
  /** A sentence without its full stop. */
  readonly text: string
}

export interface ServerInformation {
  readonly version: string
  readonly homeFolder: string
  readonly dataFolder: string
  readonly logFolder: string
  readonly extensionsFolder: string
  /** Those that are bound: none before extensions are started. */
  readonly listeners: readonly Listener[]
}
