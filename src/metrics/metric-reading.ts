// SPDX-License-Identifier: Apache-2.0
import type { BucketHistogram } from './bucket-histogram.ts'
import type { Rates } from './exponential-rates.ts'

/** HiveMQ's metrics are Dropwizard's: a name with dots, one of five kinds, no labels. */
export type MetricKind = 'counter' | 'gauge' | 'meter' | 'histogram' | 'timer'

/** The quantiles of histograms and timers. */
export const QUANTILES = [0.5, 0.75, 0.95, 0.98, 0.99, 0.999] as const

/** What a metric says now. */
export type MetricReading =
  | { readonly kind: 'counter' | 'gauge'; readonly name: string; readonly value: number }
  | { readonly kind: 'meter'; readonly name: string; readonly count: number; readonly rates: Rates }
  | {
      readonly kind: 'histogram' | 'timer'
      readonly name: string
      readonly count: number
      /** Of QUANTILES; of a timer in seconds. */
      readonly quantiles: readonly number[]
    }

/** One of our own metrics, which are Prometheus's: `waggle_…`, with labels. */
export type LabelledMetric =
  | {
      readonly name: string
      /** A counter's name ends in `_total`. */
      readonly kind: 'counter' | 'gauge'
      readonly help: string
      readonly read: () => Iterable<LabelledValue>
    }
  | {
      readonly name: string
      readonly kind: 'histogram'
      readonly help: string
      readonly read: () => Iterable<LabelledHistogram>
    }

export interface LabelledValue {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export interface LabelledHistogram {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: BucketHistogram
}
