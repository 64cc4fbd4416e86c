// SPDX-License-Identifier: Apache-2.0

/** Where Waggle is deliberately unlike HiveMQ CE in reading config.xml, and how to have it as there. */
export interface CompatibilitySettings {
  /** waggle/compatibility/legacy-elements: what becomes of elements that HiveMQ CE ignores and other editions do not. */
  readonly legacyElements: 'honour' | 'ignore'
  /** waggle/compatibility/on-broken-config: whether a file with an error stops the start, or the defaults take its place. */
  readonly onBrokenConfig: 'stop' | 'defaults'
}

export const DEFAULT_COMPATIBILITY: CompatibilitySettings = { legacyElements: 'honour', onBrokenConfig: 'stop' }
