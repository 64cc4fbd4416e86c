// SPDX-License-Identifier: Apache-2.0

/** Why a message that somebody should have got was given up. Every drop is counted under one of these. */
export const DropReason = {
  QUEUE_FULL: 'The client message queue is full',
  SHARED_QUEUE_FULL: 'The shared subscription message queue is full',
  QOS_0_MEMORY_EXCEEDED: 'The QoS 0 memory limit exceeded',
  MAX_PACKET_SIZE_EXCEEDED: 'Maximum packet size exceeded',
  EXPIRED: 'The message expiry interval has passed',
} as const
export type DropReason = (typeof DropReason)[keyof typeof DropReason]
