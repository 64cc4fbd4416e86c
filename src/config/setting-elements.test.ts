// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { BrokerSettings } from '../broker/settings.ts'
import type { Complaint } from './complaint.ts'
import { LEGACY_ELEMENTS } from './legacy-elements.ts'
import { parseConfig } from './parse-config.ts'
import { DEFAULTS, SETTING_ELEMENTS, type Settings } from './setting-elements.ts'

type Value = number | boolean | string

/** What HiveMQ's documents say of an element, and ours of our own, spelled out once more so that the table is held to it. */
interface Expectation {
  readonly path: string
  readonly setting: readonly [keyof Settings, string]
  readonly default: Value
  /** Text and the value that it stands for. */
  readonly valid: readonly (readonly [string, Value])[]
  /** Text and the value that is used in its place. */
  readonly outOfRange?: readonly (readonly [string, Value])[]
  readonly garbage: readonly string[]
}

const MOST = Number.MAX_SAFE_INTEGER
const NO_NUMBER = ['abc', '1.5', '0x10', '1e3', '5x', 'true']

function integer(
  path: string,
  field: keyof BrokerSettings,
  default_: number,
  valid: Expectation['valid'],
  outOfRange: Expectation['outOfRange'] & {},
): Expectation {
  return { path, setting: ['broker', field], default: default_, valid, outOfRange, garbage: NO_NUMBER }
}

function rate(path: string, field: keyof BrokerSettings): Expectation {
  const valid = [
    ['0', 0],
    ['1', 1],
    ['5000000000', 5_000_000_000],
  ] as const
  return integer(path, field, 0, valid, [
    ['-1', 0],
    ['9223372036854775808', MOST],
  ])
}

function flag(path: string, field: keyof BrokerSettings, default_: boolean): Expectation {
  return {
    path,
    setting: ['broker', field],
    default: default_,
    valid: [
      ['true', true],
      ['1', true],
      ['\n true\t', true],
      ['false', false],
      ['0', false],
    ],
    garbage: ['TRUE', 'False', 'yes', 'on', 'truely', '2', 't rue'],
  }
}

// prettier-ignore
const EXPECTATIONS: readonly Expectation[] = [
  integer('mqtt/queued-messages/max-queue-size', 'maxQueueSize', 1000,
    [['1', 1], ['1800000', 1_800_000], ['0', 0], ['-1', -1]],
    [['9223372036854775807', MOST], ['-9223372036854775808', -MOST]]),
  {
    path: 'mqtt/queued-messages/strategy',
    setting: ['broker', 'queuedMessagesStrategy'],
    default: 'discard',
    valid: [['discard', 'discard'], ['discard-oldest', 'discard-oldest'], [' discard-oldest\n', 'discard-oldest']],
    garbage: ['DISCARD', 'discard_oldest', 'oldest', '0', 'discard discard-oldest'],
  },
  flag('mqtt/retained-messages/enabled', 'retainedMessagesEnabled', true),
  flag('mqtt/wildcard-subscriptions/enabled', 'wildcardSubscriptionsEnabled', true),
  flag('mqtt/shared-subscriptions/enabled', 'sharedSubscriptionsEnabled', true),
  flag('mqtt/subscription-identifier/enabled', 'subscriptionIdentifierEnabled', true),
  integer('mqtt/quality-of-service/max-qos', 'maxQos', 2,
    [['0', 0], ['1', 1], ['2', 2]],
    [['3', 2], ['-1', 2], ['4294967297', 2]]),
  flag('mqtt/topic-alias/enabled', 'topicAliasEnabled', true),
  integer('mqtt/topic-alias/max-per-client', 'topicAliasMaxPerClient', 5,
    [['1', 1], ['65535', 65_535]],
    [['0', 1], ['-7', 1], ['65536', 65_535], ['70000', 65_535]]),
  integer('mqtt/message-expiry/max-interval', 'messageExpiryMaxInterval', 4_294_967_296,
    [['1', 1], ['4294967295', 4_294_967_295], ['4294967296', 4_294_967_296]],
    [['0', 4_294_967_296], ['-1', 4_294_967_296], ['4294967297', 4_294_967_296]]),
  integer('mqtt/session-expiry/max-interval', 'sessionExpiryMaxInterval', 4_294_967_295,
    [['0', 0], ['7200', 7200], ['4294967295', 4_294_967_295]],
    [['-5', 0], ['4294967296', 4_294_967_295]]),
  integer('mqtt/keep-alive/max-keep-alive', 'maxKeepAlive', 65_535,
    [['1', 1], ['65535', 65_535]],
    [['0', 65_535], ['-1', 65_535], ['65536', 65_535]]),
  flag('mqtt/keep-alive/allow-unlimited', 'allowUnlimitedKeepAlive', true),
  integer('mqtt/packets/max-packet-size', 'maxPacketSize', 268_435_460,
    [['1', 1], ['65536', 65_536], ['268435460', 268_435_460]],
    [['0', 268_435_460], ['-1', 268_435_460], ['268435461', 268_435_460]]),
  integer('mqtt/receive-maximum/server-receive-maximum', 'serverReceiveMaximum', 10,
    [['1', 1], ['65535', 65_535]],
    [['0', 10], ['-1', 10], ['65536', 65_535], ['70000', 65_535]]),
  integer('restrictions/max-connections', 'maxConnections', -1,
    [['-1', -1], ['0', 0], ['5000', 5000]],
    [['-2', -1], ['9223372036854775808', MOST]]),
  integer('restrictions/max-client-id-length', 'maxClientIdLength', 65_535,
    [['1', 1], ['65535', 65_535]],
    [['0', 65_535], ['-1', 65_535], ['65536', 65_535]]),
  integer('restrictions/max-topic-length', 'maxTopicLength', 65_535,
    [['1', 1], ['65535', 65_535]],
    [['0', 65_535], ['-1', 65_535], ['65536', 65_535]]),
  integer('restrictions/no-connect-idle-timeout', 'noConnectIdleTimeout', 10_000,
    [['1', 1], ['600000', 600_000]],
    [['0', 10_000], ['-1', 10_000], ['9'.repeat(400), MOST]]),
  rate('restrictions/incoming-bandwidth-throttling', 'incomingBandwidthThrottling'),
  flag('security/payload-format-validation/enabled', 'payloadFormatValidationEnabled', false),
  flag('security/utf8-validation/enabled', 'utf8ValidationEnabled', true),
  flag('security/allow-empty-client-id/enabled', 'allowEmptyClientIdEnabled', true),
  flag('security/allow-request-problem-information/enabled', 'allowRequestProblemInformationEnabled', true),
  {
    path: 'persistence/mode',
    setting: ['persistence', 'mode'],
    default: 'file',
    valid: [['file', 'file'], ['in-memory', 'in-memory'], [' in-memory ', 'in-memory']],
    garbage: ['memory', 'IN-MEMORY', 'in memory', 'none'],
  },
  {
    path: 'waggle/persistence/durability',
    setting: ['persistence', 'durability'],
    default: 'disk',
    valid: [['disk', 'disk'], ['os', 'os'], ['memory', 'memory']],
    garbage: ['Disk', 'fsync', 'in-memory', 'none'],
  },
  {
    path: 'waggle/persistence/max-disk-usage',
    setting: ['persistence', 'maxDiskUsage'],
    default: 1_717_986_918,
    valid: [['16777216', 16_777_216], ['68719476736', 68_719_476_736]],
    outOfRange: [['16777215', 1_717_986_918], ['2', 1_717_986_918], ['-1', 1_717_986_918], ['9'.repeat(30), MOST]],
    garbage: [...NO_NUMBER, '2GB', '80%'],
  },
  {
    path: 'waggle/persistence/queue-share',
    setting: ['persistence', 'queueShare'],
    default: 75,
    valid: [['1', 1], ['50', 50], ['100', 100]],
    outOfRange: [['0', 75], ['-1', 75], ['101', 100]],
    garbage: [...NO_NUMBER, '75%'],
  },
  {
    path: 'waggle/throttling/mode',
    setting: ['broker', 'throttlingMode'],
    default: 'enforce',
    valid: [['enforce', 'enforce'], ['count', 'count']],
    garbage: ['Count', 'off', 'true'],
  },
  integer('waggle/throttling/burst', 'throttlingBurst', 1,
    [['1', 1], ['3600', 3600]],
    [['0', 1], ['-1', 1], ['3601', 3600]]),
  rate('waggle/throttling/client/messages-per-second', 'clientMessagesPerSecond'),
  rate('waggle/throttling/client/bytes-per-second', 'clientBytesPerSecond'),
  rate('waggle/throttling/listener/messages-per-second', 'listenerMessagesPerSecond'),
  rate('waggle/throttling/listener/bytes-per-second', 'listenerBytesPerSecond'),
  rate('waggle/throttling/listener/connects-per-second', 'listenerConnectsPerSecond'),
  rate('waggle/throttling/extension/calls-per-second', 'extensionCallsPerSecond'),
  {
    path: 'waggle/compatibility/legacy-elements',
    setting: ['compatibility', 'legacyElements'],
    default: 'honour',
    valid: [['honour', 'honour'], ['ignore', 'ignore']],
    garbage: ['honor', 'true', 'IGNORE'],
  },
  {
    path: 'waggle/compatibility/on-broken-config',
    setting: ['compatibility', 'onBrokenConfig'],
    default: 'stop',
    valid: [['stop', 'stop'], ['defaults', 'defaults']],
    garbage: ['default', 'true', 'STOP'],
  },
  integer('waggle/memory/limit', 'memoryLimit', 0,
    [['67108864', 67_108_864], ['1073741824', 1_073_741_824]],
    [['67108863', 0], ['512', 0], ['-1', 0], ['9'.repeat(30), MOST]]),
  {
    path: 'waggle/memory/shedding',
    setting: ['broker', 'memoryShedding'],
    default: 'on',
    valid: [['on', 'on'], ['off', 'off']],
    garbage: ['true', 'ON', 'no'],
  },
  {
    path: 'waggle/logging/format',
    setting: ['logging', 'format'],
    default: 'text',
    valid: [['text', 'text'], ['json', 'json']],
    garbage: ['JSON', 'logback', 'true'],
  },
  {
    path: 'waggle/watchdog/warn-after',
    setting: ['watchdog', 'warnAfter'],
    default: 200,
    valid: [['0', 0], ['50', 50], ['3600000', 3_600_000]],
    outOfRange: [['-1', 200], ['3600001', 3_600_000]],
    garbage: NO_NUMBER,
  },
  {
    path: 'waggle/watchdog/exit-after',
    setting: ['watchdog', 'exitAfter'],
    default: 0,
    valid: [['0', 0], ['30', 30], ['86400', 86_400]],
    outOfRange: [['-1', 0], ['86401', 86_400]],
    garbage: NO_NUMBER,
  },
]

/** A file with one element of the path. */
function fileWith(path: string, content: string): Uint8Array {
  const names = ['hivemq', ...path.split('/')]
  const tags = names.map((name) => `<${name}>`).join('')
  const endTags = names.toReversed().map((name) => `</${name}>`)
  return Buffer.from(tags + content + endTags.join(''))
}

function read(path: string, content: string): { settings: Settings; complaints: readonly Complaint[] } {
  const { config, complaints } = parseConfig(fileWith(path, content), 'config.xml', {}, '/opt/hivemq')
  const { settings: broker, persistence, compatibility, logging, watchdog } = config!
  return { settings: { broker, persistence, compatibility, logging, watchdog }, complaints }
}

describe.each(EXPECTATIONS)('$path', (expectation) => {
  const { path } = expectation
  const [owner, field] = expectation.setting
  const settingsWith = (value: Value): unknown => ({ ...DEFAULTS, [owner]: { ...DEFAULTS[owner], [field]: value } })

  it('has its default when it is left out or empty', () => {
    expect(read('mqtt', '').settings[owner]).toHaveProperty(field, expectation.default)
    for (const content of ['', '  \n', '<!-- nothing -->']) {
      expect(read(path, content)).toEqual({ settings: settingsWith(expectation.default), complaints: [] })
    }
  })

  it('takes valid values', () => {
    for (const [text, value] of expectation.valid) {
      expect(read(path, text)).toEqual({ settings: settingsWith(value), complaints: [] })
    }
  })

  it('replaces values that are out of range', () => {
    for (const [text, value] of expectation.outOfRange ?? []) {
      const { settings, complaints } = read(path, text)
      expect(settings).toEqual(settingsWith(value))
      expect(complaints).toEqual([expect.objectContaining({ severity: 'warning', path, line: 1 })])
      expect(complaints[0]!.consequence).toContain(`${value}`)
    }
  })

  it('keeps its default and complains of garbage', () => {
    for (const text of expectation.garbage) {
      const { settings, complaints } = read(path, text)
      expect(settings).toEqual(DEFAULTS)
      expect(complaints).toEqual([
        expect.objectContaining({
          severity: 'warning',
          path,
          found: `"${text}"`,
          consequence: `the default, ${expectation.default}, is used`,
        }),
      ])
    }
  })
})

describe('the table of elements', () => {
  const rows = SETTING_ELEMENTS.filter((element) => element.setting !== null)

  it('names each path once', () => {
    const paths = SETTING_ELEMENTS.map((element) => element.path)
    expect(new Set(paths).size).toBe(paths.length)
  })

  it('has one row per setting, and each is held to an expectation', () => {
    const fields = Object.entries(DEFAULTS).flatMap(([owner, settings]) =>
      Object.keys(settings as object).map((field) => `${owner}.${field}`),
    )
    const addOns = LEGACY_ELEMENTS.filter(({ successor }) => successor === null)
    const settings = [...rows, ...addOns].map((row) => row.setting!.join('.'))
    expect(settings.toSorted()).toEqual(fields.toSorted())
    expect(rows.map((row) => row.path)).toEqual(EXPECTATIONS.map((expectation) => expectation.path))
  })

  it("knows HiveMQ's types", () => {
    const longs = SETTING_ELEMENTS.filter((element) => element.type === 'long').map((element) => element.path)
    expect(longs).toEqual([
      'mqtt/queued-messages/max-queue-size',
      'mqtt/message-expiry/max-interval',
      'mqtt/session-expiry/max-interval',
      'restrictions/max-connections',
      'restrictions/no-connect-idle-timeout',
      'restrictions/incoming-bandwidth-throttling',
      'waggle/persistence/max-disk-usage',
      'waggle/throttling/client/messages-per-second',
      'waggle/throttling/client/bytes-per-second',
      'waggle/throttling/listener/messages-per-second',
      'waggle/throttling/listener/bytes-per-second',
      'waggle/throttling/listener/connects-per-second',
      'waggle/throttling/extension/calls-per-second',
      'waggle/memory/limit',
    ])
  })
})

describe('elements that change nothing yet', () => {
  const complaintsOf = (path: string, content: string): string[] => {
    const { settings, complaints } = read(path, content)
    expect(settings).toEqual(DEFAULTS)
    return complaints.map(({ found, expected, consequence }) => `${found}; ${expected}; ${consequence}`)
  }

  it('accepts anonymous usage statistics', () => {
    const path = 'anonymous-usage-statistics/enabled'
    expect(complaintsOf(path, 'true')).toEqual([])
    expect(complaintsOf(path, 'false')).toEqual([])
    expect(complaintsOf(path, 'maybe')).toEqual(['"maybe"; true or false; the default, false, is used'])
  })
})
