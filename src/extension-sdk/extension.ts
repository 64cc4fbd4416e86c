// SPDX-License-Identifier: Apache-2.0
import type { Awaitable } from './callback.ts'
import type { Services } from './services.ts'

// The entry point: what an extension imports as `waggle/extension`. The broker hands it to extensions itself, so nothing has to
// be installed for an extension to run; the package is there for its types.

export { ReasonCode } from '../codec/reason-code.ts'
export type { QoS } from '../codec/packet-type.ts'
export type { UserProperty } from '../codec/property.ts'
export type {
  AuthenticationContinuation,
  AuthenticationDecision,
  AuthenticationFailure,
  AuthenticationNext,
  AuthenticationSuccess,
  AuthEvent,
  ClientSettings,
  ConnectEvent,
  EnhancedAuthenticationDecision,
  EnhancedAuthenticator,
  SimpleAuthenticator,
} from './authenticator.ts'
export type { AuthorizationDecision, Authorizer, PublishEvent, SubscribeEvent } from './authorizer.ts'
export type {
  Awaitable,
  CallbackOptions,
  ClientEvent,
  ClientInformation,
  ConnectionInformation,
  Listener,
  MqttVersion,
  TlsInformation,
} from './callback.ts'
export type { ClientContext, InitializerRegistry, ModifiableDefaultPermissions } from './client-context.ts'
export type { ClientService, DisconnectOptions, SessionInformation } from './client-service.ts'
export { InvalidTopicError, NoSuchClientError, OverloadError, RateLimitExceededError } from './errors.ts'
export type {
  ClientInterceptors,
  ConnackChanges,
  ConnectChanges,
  GlobalInterceptors,
  InterceptionEvent,
  InterceptorRegistry,
  Modification,
  OutboundPublishChanges,
  Prevention,
  PublishChanges,
  PublishPrevention,
} from './interceptors.ts'
export type { ClientLifecycleListener, DisconnectEvent, EventRegistry } from './lifecycle.ts'
export type {
  Counter,
  Histogram,
  LabelledBuckets,
  LabelledReading,
  LabelledValue,
  Meter,
  MeterRates,
  MetricReading,
  MetricRegistry,
  Timer,
} from './metric-registry.ts'
export type {
  AckPacket,
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  OutboundPublishPacket,
  PublishPacket,
  SubackPacket,
  SubscribePacket,
  Subscription,
  UnsubackPacket,
  UnsubscribePacket,
  WillPacket,
} from './packets.ts'
export type { OutgoingMessage, Publish, PublishService } from './publish-service.ts'
export type { RetainedMessage, RetainedMessageStore } from './retained-message-store.ts'
export type { PerClient, SecurityRegistry } from './security-registry.ts'
export type { AdminService, Problem, ScheduleOptions, Scheduler, ServerInformation, Services } from './services.ts'
export type {
  ClientSubscriptions,
  GrantedSubscription,
  SubscriberOptions,
  SubscriptionStore,
  SubscriptionType,
  TopicSubscription,
} from './subscription-store.ts'
export type { TopicPermission } from './topic-permission.ts'
export { readXml, type XmlElement, XmlFault } from './xml.ts'

/**
 * What an extension is: it registers what it wants to be asked for at start. When its files change while the broker runs, they
 * are loaded anew and started, and then the one that ran before is stopped: for a moment there are two of it.
 */
export interface Extension {
  /**
   * The broker waits for it before the first client is let in, for a minute; then it goes on, and refuses clients until this has
   * come to its end. What it throws leaves the extension out, or leaves the one in force that ran before.
   */
  start(context: ExtensionContext): Awaitable<void>
  /** The broker waits for it for three seconds. What was registered is taken back by itself. */
  stop?(context: ExtensionContext): Awaitable<void>
}

/** What hivemq-extension.xml or package.json say. */
export interface ExtensionInformation {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly author: string | undefined
  readonly homeFolder: string
  /** Order of callbacks, the higher number first; 0 unless set. */
  readonly priority: number
  /** Order of start and stop, the higher number first; 1000 unless set. */
  readonly startPriority: number
}

export interface ExtensionContext {
  readonly extension: ExtensionInformation
  /** Extensions that have been started, by id, this one included. */
  readonly enabledExtensions: ReadonlyMap<string, ExtensionInformation>
  /** The version of this extension that ran before in this process, if it was another. */
  readonly previousVersion: string | undefined
  readonly services: Services
  readonly log: ExtensionLogger
  /** Aborted when the extension is to stop. */
  readonly signal: AbortSignal
}

/** Lines in the broker's log, with the extension's id. */
export interface ExtensionLogger {
  debug(text: string): void
  info(text: string): void
  warn(text: string): void
  error(text: string, error?: unknown): void
}

/** Thrown by `start`: the extension does not want to run. One INFO line gives the reason. */
export class StartPrevented extends Error {
  override readonly name = 'StartPrevented'
}

/** Only for the types: `export default defineExtension({ start(context) { … } })`. */
export function defineExtension(extension: Extension): Extension {
  return extension
}
