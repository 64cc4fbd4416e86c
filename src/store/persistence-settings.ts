// SPDX-License-Identifier: Apache-2.0

/** Where sessions and messages are kept, and when they count as kept. */
export interface PersistenceSettings {
  /** persistence/mode, HiveMQ's: `in-memory` forgets everything at the end of the process. */
  readonly mode: 'file' | 'in-memory'
  /** waggle/persistence/durability: what counts as durable: what is on the disk, what the system has, what was decided. */
  readonly durability: 'disk' | 'os' | 'memory'
  /** waggle/persistence/max-disk-usage, bytes; above it the broker takes no new QoS 1 and 2 messages. */
  readonly maxDiskUsage: number
  /** waggle/persistence/queue-share, per cent of `maxDiskUsage`; above it queues give up messages by their strategy. */
  readonly queueShare: number
}

export const DEFAULT_PERSISTENCE: PersistenceSettings = {
  mode: 'file',
  durability: 'disk',
  // Four fifths of the 2 GiB volume that the United Manufacturing Hub mounts.
  maxDiskUsage: Math.floor(0.8 * 2 * 1024 ** 3),
  // What is left is for retained messages and sessions, and for what comes before it is seen that the budget is used up.
  queueShare: 75,
}
