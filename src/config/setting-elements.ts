// SPDX-License-Identifier: Apache-2.0
import { type BrokerSettings, DEFAULT_SETTINGS, MESSAGE_EXPIRY_OFF } from '../broker/settings.ts'
import { DEFAULT_PERSISTENCE, type PersistenceSettings } from '../store/persistence-settings.ts'
import { type CompatibilitySettings, DEFAULT_COMPATIBILITY } from './compatibility-settings.ts'
import { DEFAULT_LOGGING, type LoggingSettings } from './logging-settings.ts'
import { DEFAULT_WATCHDOG, type WatchdogSettings } from './watchdog-settings.ts'
import { type BooleanElement, type EnumElement, type IntegerElement, UNLIMITED } from './value-element.ts'

// One row per element of config.xml that holds a single value. Paths, defaults, ranges and what a value outside of its
// range becomes are HiveMQ's; those below `waggle` are our own. The root element is not part of a path.

/** What the elements set, by the layer that owns it. */
export interface Settings {
  readonly broker: BrokerSettings
  readonly persistence: PersistenceSettings
  readonly compatibility: CompatibilitySettings
  readonly logging: LoggingSettings
  readonly watchdog: WatchdogSettings
}

export const DEFAULTS: Settings = {
  broker: DEFAULT_SETTINGS,
  persistence: DEFAULT_PERSISTENCE,
  compatibility: DEFAULT_COMPATIBILITY,
  logging: DEFAULT_LOGGING,
  watchdog: DEFAULT_WATCHDOG,
}

/** The fields of an owner's settings that hold a `T`. */
type FieldOf<Owner extends keyof Settings, T> = {
  [Field in keyof Settings[Owner]]: Settings[Owner][Field] extends T ? Field : never
}[keyof Settings[Owner]]

/** A setting that holds a `T`: its owner and its field. */
type SettingOf<T> = { [Owner in keyof Settings]: readonly [Owner, FieldOf<Owner, T>] }[keyof Settings]

interface Target<T> {
  /** Where the value goes; null for what is read but changes nothing. */
  readonly setting: SettingOf<T> | null
}

export type SettingElement =
  (IntegerElement & Target<number>) | (BooleanElement & Target<boolean>) | (EnumElement & Target<string>)

const UINT16_MAX = 65_535
/** 0 for no limit. */
const RATE: Range = { min: 0, max: UNLIMITED, below: 0, above: UNLIMITED }

export const SETTING_ELEMENTS: readonly SettingElement[] = [
  // HiveMQ does not check the queue size; with 0 or less nothing is queued.
  integer('mqtt/queued-messages/max-queue-size', 'long', 'maxQueueSize', {
    min: -UNLIMITED,
    max: UNLIMITED,
    below: -UNLIMITED,
    above: UNLIMITED,
  }),
  {
    path: 'mqtt/queued-messages/strategy',
    type: 'enum',
    setting: ['broker', 'queuedMessagesStrategy'],
    default: DEFAULT_SETTINGS.queuedMessagesStrategy,
    words: ['discard', 'discard-oldest'],
  },
  boolean('mqtt/retained-messages/enabled', 'retainedMessagesEnabled'),
  boolean('mqtt/wildcard-subscriptions/enabled', 'wildcardSubscriptionsEnabled'),
  boolean('mqtt/shared-subscriptions/enabled', 'sharedSubscriptionsEnabled'),
  boolean('mqtt/subscription-identifier/enabled', 'subscriptionIdentifierEnabled'),
  integer('mqtt/quality-of-service/max-qos', 'int', 'maxQos', { min: 0, max: 2 }),
  boolean('mqtt/topic-alias/enabled', 'topicAliasEnabled'),
  integer('mqtt/topic-alias/max-per-client', 'int', 'topicAliasMaxPerClient', {
    min: 1,
    max: UINT16_MAX,
    below: 1,
    above: UINT16_MAX,
  }),
  integer('mqtt/message-expiry/max-interval', 'long', 'messageExpiryMaxInterval', { min: 1, max: MESSAGE_EXPIRY_OFF }),
  integer('mqtt/session-expiry/max-interval', 'long', 'sessionExpiryMaxInterval', {
    min: 0,
    max: 0xffff_ffff,
    below: 0,
    above: 0xffff_ffff,
  }),
  integer('mqtt/keep-alive/max-keep-alive', 'int', 'maxKeepAlive', { min: 1, max: UINT16_MAX }),
  boolean('mqtt/keep-alive/allow-unlimited', 'allowUnlimitedKeepAlive'),
  integer('mqtt/packets/max-packet-size', 'int', 'maxPacketSize', { min: 1, max: 268_435_460 }),
  integer('mqtt/receive-maximum/server-receive-maximum', 'int', 'serverReceiveMaximum', {
    min: 1,
    max: UINT16_MAX,
    above: UINT16_MAX,
  }),

  integer('restrictions/max-connections', 'long', 'maxConnections', { min: -1, max: UNLIMITED, above: UNLIMITED }),
  integer('restrictions/max-client-id-length', 'int', 'maxClientIdLength', { min: 1, max: UINT16_MAX }),
  integer('restrictions/max-topic-length', 'int', 'maxTopicLength', { min: 1, max: UINT16_MAX }),
  integer('restrictions/no-connect-idle-timeout', 'long', 'noConnectIdleTimeout', {
    min: 1,
    max: UNLIMITED,
    above: UNLIMITED,
  }),
  integer('restrictions/incoming-bandwidth-throttling', 'long', 'incomingBandwidthThrottling', RATE),

  boolean('security/payload-format-validation/enabled', 'payloadFormatValidationEnabled'),
  boolean('security/utf8-validation/enabled', 'utf8ValidationEnabled'),
  boolean('security/allow-empty-client-id/enabled', 'allowEmptyClientIdEnabled'),
  boolean('security/allow-request-problem-information/enabled', 'allowRequestProblemInformationEnabled'),

  // No statistics are ever sent, whatever this says.
  { path: 'anonymous-usage-statistics/enabled', type: 'boolean', setting: null, default: false },
  {
    path: 'persistence/mode',
    type: 'enum',
    setting: ['persistence', 'mode'],
    default: DEFAULT_PERSISTENCE.mode,
    words: ['file', 'in-memory'],
  },

  // HiveMQ ignores `waggle`, so that one file serves both brokers.
  {
    path: 'waggle/persistence/durability',
    type: 'enum',
    setting: ['persistence', 'durability'],
    default: DEFAULT_PERSISTENCE.durability,
    words: ['disk', 'os', 'memory'],
  },
  {
    path: 'waggle/persistence/max-disk-usage',
    type: 'long',
    setting: ['persistence', 'maxDiskUsage'],
    default: DEFAULT_PERSISTENCE.maxDiskUsage,
    // Somebody who wrote 2 and thought of gigabytes must not get a broker that refuses everything.
    min: 16 * 1024 ** 2,
    max: UNLIMITED,
    below: DEFAULT_PERSISTENCE.maxDiskUsage,
    above: UNLIMITED,
  },
  {
    path: 'waggle/persistence/queue-share',
    type: 'int',
    setting: ['persistence', 'queueShare'],
    default: DEFAULT_PERSISTENCE.queueShare,
    min: 1,
    max: 100,
    below: DEFAULT_PERSISTENCE.queueShare,
    above: 100,
  },
  {
    path: 'waggle/throttling/mode',
    type: 'enum',
    setting: ['broker', 'throttlingMode'],
    default: DEFAULT_SETTINGS.throttlingMode,
    words: ['enforce', 'count'],
  },
  integer('waggle/throttling/burst', 'int', 'throttlingBurst', { min: 1, max: 3600, above: 3600 }),
  integer('waggle/throttling/client/messages-per-second', 'long', 'clientMessagesPerSecond', RATE),
  integer('waggle/throttling/client/bytes-per-second', 'long', 'clientBytesPerSecond', RATE),
  integer('waggle/throttling/listener/messages-per-second', 'long', 'listenerMessagesPerSecond', RATE),
  integer('waggle/throttling/listener/bytes-per-second', 'long', 'listenerBytesPerSecond', RATE),
  integer('waggle/throttling/listener/connects-per-second', 'long', 'listenerConnectsPerSecond', RATE),
  integer('waggle/throttling/extension/calls-per-second', 'long', 'extensionCallsPerSecond', RATE),
  {
    path: 'waggle/compatibility/legacy-elements',
    type: 'enum',
    setting: ['compatibility', 'legacyElements'],
    default: DEFAULT_COMPATIBILITY.legacyElements,
    words: ['honour', 'ignore'],
  },
  {
    path: 'waggle/compatibility/on-broken-config',
    type: 'enum',
    setting: ['compatibility', 'onBrokenConfig'],
    default: DEFAULT_COMPATIBILITY.onBrokenConfig,
    words: ['stop', 'defaults'],
  },
  // With less the broker would refuse everything from the start.
  integer('waggle/memory/limit', 'long', 'memoryLimit', { min: 64 * 1024 ** 2, max: UNLIMITED, above: UNLIMITED }),
  {
    path: 'waggle/memory/shedding',
    type: 'enum',
    setting: ['broker', 'memoryShedding'],
    default: DEFAULT_SETTINGS.memoryShedding,
    words: ['on', 'off'],
  },
  {
    path: 'waggle/logging/format',
    type: 'enum',
    setting: ['logging', 'format'],
    default: DEFAULT_LOGGING.format,
    words: ['text', 'json'],
  },
  {
    path: 'waggle/watchdog/warn-after',
    type: 'int',
    setting: ['watchdog', 'warnAfter'],
    default: DEFAULT_WATCHDOG.warnAfter,
    min: 0,
    max: 3_600_000,
    below: DEFAULT_WATCHDOG.warnAfter,
    above: 3_600_000,
  },
  {
    path: 'waggle/watchdog/exit-after',
    type: 'int',
    setting: ['watchdog', 'exitAfter'],
    default: DEFAULT_WATCHDOG.exitAfter,
    min: 0,
    max: 86_400,
    below: DEFAULT_WATCHDOG.exitAfter,
    above: 86_400,
  },
]

interface Range {
  readonly min: number
  readonly max: number
  /** The default unless given. */
  readonly below?: number
  /** The default unless given. */
  readonly above?: number
}

/** One of the broker's, as is the next. */
function integer(path: string, type: 'int' | 'long', field: FieldOf<'broker', number>, range: Range): SettingElement {
  const standard = DEFAULT_SETTINGS[field]
  return { path, type, setting: ['broker', field], default: standard, below: standard, above: standard, ...range }
}

function boolean(path: string, field: FieldOf<'broker', boolean>): SettingElement {
  return { path, type: 'boolean', setting: ['broker', field], default: DEFAULT_SETTINGS[field] }
}
