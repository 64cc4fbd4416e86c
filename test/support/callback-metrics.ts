// SPDX-License-Identifier: Apache-2.0
import type { BucketHistogram } from '../../src/metrics/bucket-histogram.ts'
import type { ExtensionBroker } from './extension-broker.ts'

/** What the broker says of the time that each callback took, by `extension callback`. */
export function callbackTimes({ calls }: ExtensionBroker): Map<string, BucketHistogram> {
  const times = new Map<string, BucketHistogram>()
  for (const metric of calls.metrics) {
    if (metric.kind !== 'histogram') continue
    for (const { labels = {}, value } of metric.read()) times.set(Object.values(labels).join(' '), value)
  }
  return times
}

/** How often callbacks have failed, by `extension callback kind`, without those that have not. */
export function callbackFaults({ calls }: ExtensionBroker): Record<string, number> {
  const faults: Record<string, number> = {}
  for (const metric of calls.metrics) {
    if (metric.kind === 'histogram') continue
    for (const { labels = {}, value } of metric.read()) if (value > 0) faults[Object.values(labels).join(' ')] = value
  }
  return faults
}
