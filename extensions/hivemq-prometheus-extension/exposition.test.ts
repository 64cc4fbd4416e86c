// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import type { LabelledReading, MetricReading } from 'waggle/extension'
import { expose } from './exposition.ts'
import { familyOf, familyOfLabelled, formatNumber } from './families.ts'

const PUBLISHES: MetricReading = {
  kind: 'counter',
  name: 'com.hivemq.messages.incoming.publish.count',
  value: 12_345_678,
}
const HASHING: MetricReading = {
  kind: 'timer',
  name: 'com.hivemq.extensions.file-rbac.hash.sampled-time',
  count: 1,
  quantiles: Array.from({ length: 6 }, () => 0.0015),
}
const HEARTBEATS: MetricReading = {
  kind: 'meter',
  name: 'http-heartbeat-meter',
  count: 3,
  rates: { mean: 1, oneMinute: 2, fiveMinutes: 3, fifteenMinutes: 4 },
}
const DROPPED: LabelledReading = {
  kind: 'counter',
  name: 'waggle_deliveries_dropped_total',
  help: 'Given up, by "reason"',
  values: [
    { labels: { reason: 'A', listener: 'b' }, value: 1 },
    { labels: { reason: 'say "a\\b"\n', listener: '' }, value: 2 },
  ],
}
const COMMITS: LabelledReading = {
  kind: 'histogram',
  name: 'waggle_store_commit_seconds',
  help: 'How long',
  values: [{ labels: { mode: 'a' }, bounds: [0.5, 1], counts: [3, 0, 1], sum: 4.5 }],
}
const FAMILIES = [
  ...[PUBLISHES, HASHING, HEARTBEATS].map(familyOf),
  ...[DROPPED, COMMITS].map((reading) => familyOfLabelled(reading)),
]

describe('the text format', () => {
  // The first two are what HiveMQ's extension answers, byte by byte.
  it('is as HiveMQ has it', () => {
    expect(expose(FAMILIES, 'text')).toBe(
      String.raw`# HELP com_hivemq_messages_incoming_publish_count Generated from Dropwizard metric import (metric=com.hivemq.messages.incoming.publish.count, type=com.codahale.metrics.Counter)
# TYPE com_hivemq_messages_incoming_publish_count gauge
com_hivemq_messages_incoming_publish_count 1.2345678E7
# HELP com_hivemq_extensions_file_rbac_hash_sampled_time Generated from Dropwizard metric import (metric=com.hivemq.extensions.file-rbac.hash.sampled-time, type=com.codahale.metrics.Timer)
# TYPE com_hivemq_extensions_file_rbac_hash_sampled_time summary
com_hivemq_extensions_file_rbac_hash_sampled_time{quantile="0.5",} 0.0015
com_hivemq_extensions_file_rbac_hash_sampled_time{quantile="0.75",} 0.0015
com_hivemq_extensions_file_rbac_hash_sampled_time{quantile="0.95",} 0.0015
com_hivemq_extensions_file_rbac_hash_sampled_time{quantile="0.98",} 0.0015
com_hivemq_extensions_file_rbac_hash_sampled_time{quantile="0.99",} 0.0015
com_hivemq_extensions_file_rbac_hash_sampled_time{quantile="0.999",} 0.0015
com_hivemq_extensions_file_rbac_hash_sampled_time_count 1.0
# HELP http_heartbeat_meter_total Generated from Dropwizard metric import (metric=http-heartbeat-meter, type=com.codahale.metrics.Meter)
# TYPE http_heartbeat_meter_total counter
http_heartbeat_meter_total 3.0
# HELP waggle_deliveries_dropped_total Given up, by "reason"
# TYPE waggle_deliveries_dropped_total counter
waggle_deliveries_dropped_total{reason="A",listener="b",} 1.0
waggle_deliveries_dropped_total{reason="say \"a\\b\"\n",listener="",} 2.0
# HELP waggle_store_commit_seconds How long
# TYPE waggle_store_commit_seconds histogram
waggle_store_commit_seconds_bucket{mode="a",le="0.5",} 3.0
waggle_store_commit_seconds_bucket{mode="a",le="1.0",} 3.0
waggle_store_commit_seconds_bucket{mode="a",le="+Inf",} 4.0
waggle_store_commit_seconds_count{mode="a",} 4.0
waggle_store_commit_seconds_sum{mode="a",} 4.5
`,
    )
  })

  it('keeps the samples that are asked for, each with its head', () => {
    const names = new Set(['waggle_store_commit_seconds_sum', 'http_heartbeat_meter_total', 'unknown'])
    expect(expose(FAMILIES, 'text', names)).toBe(
      `# HELP http_heartbeat_meter_total Generated from Dropwizard metric import (metric=http-heartbeat-meter, type=com.codahale.metrics.Meter)
# TYPE http_heartbeat_meter_total counter
http_heartbeat_meter_total 3.0
# HELP waggle_store_commit_seconds How long
# TYPE waggle_store_commit_seconds histogram
waggle_store_commit_seconds_sum{mode="a",} 4.5
`,
    )
    expect(expose(FAMILIES, 'text', new Set(['unknown']))).toBe('')
  })
})

it('OpenMetrics has the type first, families of counters without _total, no last comma, and an end', () => {
  const names = new Set(['http_heartbeat_meter_total', 'waggle_deliveries_dropped_total'])
  expect(expose(FAMILIES, 'openmetrics', names)).toBe(
    String.raw`# TYPE http_heartbeat_meter counter
# HELP http_heartbeat_meter Generated from Dropwizard metric import (metric=http-heartbeat-meter, type=com.codahale.metrics.Meter)
http_heartbeat_meter_total 3.0
# TYPE waggle_deliveries_dropped counter
# HELP waggle_deliveries_dropped Given up, by \"reason\"
waggle_deliveries_dropped_total{reason="A",listener="b"} 1.0
waggle_deliveries_dropped_total{reason="say \"a\\b\"\n",listener=""} 2.0
# EOF
`,
  )
  expect(expose([], 'openmetrics')).toBe('# EOF\n')
})

it.each([
  ['9bad name', '_bad_name'],
  ['a-b.c/d e', 'a_b_c_d_e'],
  ['com.hivemq.G1-Young', 'com_hivemq_G1_Young'],
  [':a', ':a'],
  ['ä', '_'],
])('%j becomes the name %s', (dropwizardName, name) => {
  expect(familyOf({ kind: 'gauge', name: dropwizardName, value: 1 }).name).toBe(name)
})

// As Java's Double.toString, with Prometheus's words for infinity.
it.each([
  [0, '0.0'],
  [-0, '0.0'],
  [12, '12.0'],
  [-1.5, '-1.5'],
  [0.001, '0.001'],
  [0.0005, '5.0E-4'],
  [9_999_999, '9999999.0'],
  [10_000_000, '1.0E7'],
  [123_456_789_012, '1.23456789012E11'],
  [1e21, '1.0E21'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [Number.NaN, 'NaN'],
])('writes %d as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text)
})
