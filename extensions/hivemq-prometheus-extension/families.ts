// SPDX-License-Identifier: Apache-2.0
import type { LabelledReading, MetricReading } from 'waggle/extension'

/** Metrics of one name, as Prometheus sees them. */
export interface Family {
  /** Without the `_total` of counters. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly suffix: '' | '_total' | '_bucket' | '_count' | '_sum'
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The quantiles of MetricReading, in their order. */
const QUANTILES = ['0.5', '0.75', '0.95', '0.98', '0.99', '0.999']
const NO_LABELS = {}

/**
 * A metric with a name of Dropwizard's form, as HiveMQ's extension shows it: counters are gauges, since they may go down; of a
 * meter there is the count alone, and of histograms and timers no sum. Dashboards for HiveMQ count on each of these.
 */
export function familyOf(reading: MetricReading): Family {
  const { kind, name: dropwizardName } = reading
  const name = sanitize(dropwizardName)
  const javaClass = `com.codahale.metrics.${kind[0]!.toUpperCase()}${kind.slice(1)}`
  const help = `Generated from Dropwizard metric import (metric=${dropwizardName}, type=${javaClass})`
  switch (reading.kind) {
    case 'counter':
    case 'gauge':
      return { name, type: 'gauge', help, samples: [sample('', reading.value)] }
    case 'meter':
      return { name, type: 'counter', help, samples: [sample('_total', reading.count)] }
    case 'histogram':
    case 'timer': {
      const quantiles = reading.quantiles.map((value, i) => sample('', value, { quantile: QUANTILES[i]! }))
      return { name, type: 'summary', help, samples: [...quantiles, sample('_count', reading.count)] }
    }
  }
}

/** A metric that is of Prometheus's kinds already. */
export function familyOfLabelled(reading: LabelledReading): Family {
  const { name, help, kind } = reading
  switch (reading.kind) {
    case 'counter':
      return {
        name: name.replace(/_total$/, ''),
        type: kind,
        help,
        samples: reading.values.map(({ labels, value }) => sample('_total', value, labels)),
      }
    case 'gauge':
      return { name, type: kind, help, samples: reading.values.map(({ labels, value }) => sample('', value, labels)) }
    case 'histogram':
      return {
        name,
        type: kind,
        help,
        samples: reading.values.flatMap(({ labels, bounds, counts, sum }) => {
          let count = 0
          const buckets = counts.map((inBucket, i) => {
            count += inBucket
            return sample('_bucket', count, { ...labels, le: formatNumber(bounds[i] ?? Infinity) })
          })
          return [...buckets, sample('_count', count, labels), sample('_sum', sum, labels)]
        }),
      }
  }
}

function sample(suffix: Sample['suffix'], value: number, labels: Sample['labels'] = NO_LABELS): Sample {
  return { suffix, labels, value }
}

/** The rule of Prometheus's library for Java: a first digit is replaced as well, not kept behind a `_`. */
function sanitize(dropwizardName: string): string {
  return dropwizardName.replace(/^[^a-zA-Z_:]/, '_').replace(/[^a-zA-Z0-9_:]/g, '_')
}

/** As Java writes a double: `12.0`, `1.2345678E7`. Prometheus takes anything, scripts that have been made for HiveMQ may not. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return withPoint(String(value))
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  return `${withPoint(mantissa)}E${Number(exponent)}`
}

function withPoint(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`
}
