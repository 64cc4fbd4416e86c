// SPDX-License-Identifier: Apache-2.0
import type { QoS } from '../codec/packet-type.ts'
import type { QueuedMessagesStrategy } from '../session/message-queue.ts'

/** What an operator can set of the broker's behaviour; the names are those of HiveMQ's config.xml, below `<hivemq>`. */
export interface BrokerSettings {
  /** mqtt/queued-messages/max-queue-size: QoS 1 and 2 messages per session, and per shared group. */
  readonly maxQueueSize: number
  /** mqtt/queued-messages/strategy */
  readonly queuedMessagesStrategy: QueuedMessagesStrategy
  /** mqtt/retained-messages/enabled */
  readonly retainedMessagesEnabled: boolean
  /** mqtt/wildcard-subscriptions/enabled */
  readonly wildcardSubscriptionsEnabled: boolean
  /** mqtt/shared-subscriptions/enabled */
  readonly sharedSubscriptionsEnabled: boolean
  /** mqtt/subscription-identifier/enabled */
  readonly subscriptionIdentifierEnabled: boolean
  /** mqtt/quality-of-service/max-qos */
  readonly maxQos: QoS
  /** mqtt/topic-alias/enabled */
  readonly topicAliasEnabled: boolean
  /** mqtt/topic-alias/max-per-client */
  readonly topicAliasMaxPerClient: number
  /** mqtt/message-expiry/max-interval, seconds; MESSAGE_EXPIRY_OFF for no cap. */
  readonly messageExpiryMaxInterval: number
  /** mqtt/session-expiry/max-interval, seconds; 0xFFFFFFFF for never. */
  readonly sessionExpiryMaxInterval: number
  /** mqtt/keep-alive/max-keep-alive, seconds; MQTT 5 clients only. */
  readonly maxKeepAlive: number
  /** mqtt/keep-alive/allow-unlimited */
  readonly allowUnlimitedKeepAlive: boolean
  /** mqtt/packets/max-packet-size, bytes */
  readonly maxPacketSize: number
  /** mqtt/receive-maximum/server-receive-maximum; MQTT 5 clients only. */
  readonly serverReceiveMaximum: number
  /** restrictions/max-connections; -1 for no limit. */
  readonly maxConnections: number
  /** restrictions/max-client-id-length, characters */
  readonly maxClientIdLength: number
  /** restrictions/max-topic-length, characters */
  readonly maxTopicLength: number
  /** restrictions/no-connect-idle-timeout, milliseconds */
  readonly noConnectIdleTimeout: number
  /** mqtt-addons/dead-messages-topic/enabled: `$dead/…` for messages that no session takes. */
  readonly deadMessagesTopicEnabled: boolean
  /** mqtt-addons/expired-messages-topic/enabled: `$expired/…` for messages that expire while they wait. */
  readonly expiredMessagesTopicEnabled: boolean
  /** mqtt-addons/dropped-messages-topic/enabled: `$dropped/…` for messages that a receiver did not get. */
  readonly droppedMessagesTopicEnabled: boolean
  /** restrictions/incoming-bandwidth-throttling, bytes a second of all clients together; 0 for no limit. */
  readonly incomingBandwidthThrottling: number
  /** waggle/throttling/mode, for all limits below `waggle/throttling` */
  readonly throttlingMode: 'enforce' | 'count'
  /** waggle/throttling/burst: so many seconds' worth may come at once. */
  readonly throttlingBurst: number
  /** waggle/throttling/client/messages-per-second; 0 for no limit, as in the next ones. */
  readonly clientMessagesPerSecond: number
  /** waggle/throttling/client/bytes-per-second */
  readonly clientBytesPerSecond: number
  /** waggle/throttling/listener/messages-per-second, for each listener */
  readonly listenerMessagesPerSecond: number
  /** waggle/throttling/listener/bytes-per-second */
  readonly listenerBytesPerSecond: number
  /** waggle/throttling/listener/connects-per-second */
  readonly listenerConnectsPerSecond: number
  /** waggle/throttling/extension/calls-per-second, for each extension: what it asks services for. */
  readonly extensionCallsPerSecond: number
  /** waggle/memory/limit, bytes; 0 for that of the container, or else of the computer. */
  readonly memoryLimit: number
  /** waggle/memory/shedding: whether less is taken on when memory is short. */
  readonly memoryShedding: 'on' | 'off'
  /** security/payload-format-validation/enabled */
  readonly payloadFormatValidationEnabled: boolean
  /** security/utf8-validation/enabled */
  readonly utf8ValidationEnabled: boolean
  /** security/allow-empty-client-id/enabled */
  readonly allowEmptyClientIdEnabled: boolean
  /** security/allow-request-problem-information/enabled */
  readonly allowRequestProblemInformationEnabled: boolean
}

/** HiveMQ's value for "messages do not expire", one above what the protocol can say. */
export const MESSAGE_EXPIRY_OFF = 4_294_967_296

/** HiveMQ's defaults. */
export const DEFAULT_SETTINGS: BrokerSettings = {
  maxQueueSize: 1000,
  queuedMessagesStrategy: 'discard',
  retainedMessagesEnabled: true,
  wildcardSubscriptionsEnabled: true,
  sharedSubscriptionsEnabled: true,
  subscriptionIdentifierEnabled: true,
  maxQos: 2,
  topicAliasEnabled: true,
  topicAliasMaxPerClient: 5,
  messageExpiryMaxInterval: MESSAGE_EXPIRY_OFF,
  sessionExpiryMaxInterval: 0xffff_ffff,
  maxKeepAlive: 65_535,
  allowUnlimitedKeepAlive: true,
  maxPacketSize: 268_435_460,
  serverReceiveMaximum: 10,
  maxConnections: -1,
  maxClientIdLength: 65_535,
  maxTopicLength: 65_535,
  noConnectIdleTimeout: 10_000,
  deadMessagesTopicEnabled: false,
  expiredMessagesTopicEnabled: false,
  droppedMessagesTopicEnabled: false,
  incomingBandwidthThrottling: 0,
  throttlingMode: 'enforce',
  throttlingBurst: 1,
  clientMessagesPerSecond: 0,
  clientBytesPerSecond: 0,
  listenerMessagesPerSecond: 0,
  listenerBytesPerSecond: 0,
  listenerConnectsPerSecond: 0,
  extensionCallsPerSecond: 0,
  memoryLimit: 0,
  memoryShedding: 'on',
  payloadFormatValidationEnabled: false,
  utf8ValidationEnabled: true,
  allowEmptyClientIdEnabled: true,
  allowRequestProblemInformationEnabled: true,
}

/** HiveMQ's MAX_INFLIGHT_WINDOW_SIZE_MESSAGES: unacknowledged messages to one client, unless it asks for fewer. */
export const MAX_INFLIGHT_WINDOW = 50
